"""The one list of what the models can see: class names by model, in the weights' order."""

from __future__ import annotations

from typing import Final

VENDOR_CLASSES: Final = ("stall", "cart", "ground_goods")
"""Street classes that together make a vendor; a parasol alone does not."""

CONTEXT_CLASSES: Final = ("person", "bicycle", "motorcycle", "car", "bus", "truck")
"""Street classes that are no violation: used for masking and to recognise occlusion."""

STREET_CLASSES: Final = (*VENDOR_CLASSES, "parasol", *CONTEXT_CLASSES)

COVER_CLASSES: Final = ("cover_ok", "cover_damaged", "cover_missing", "storm_grate", "pothole")

AERIAL_CLASSES: Final = ("parasol", "rooftop_shed", "rooftop_canopy", "building")

MODEL_CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "street": STREET_CLASSES,
    "covers": COVER_CLASSES,
    "aerial": AERIAL_CLASSES,
}
"""Model name -> its classes, index = class id in weights, labels and detections."""

VIOLATION_CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "vendor": VENDOR_CLASSES,
    "cover": ("cover_damaged", "cover_missing"),
    "rooftop": ("rooftop_shed", "rooftop_canopy"),
}
"""Violation -> the classes that are one, none of which a rejected place holds."""

EXCLUSIVE_MODELS: Final = ("covers",)
"""Models of whose classes a place holds one at most: a labelled cover is no pothole, also where
potholes are not labelled."""


def classes_of(model: str) -> tuple[str, ...]:
    """Class names of a model, or a clear error that lists the known ones."""
    try:
        return MODEL_CLASSES[model]
    except KeyError:
        known = ", ".join(sorted(MODEL_CLASSES))
        raise ValueError(f"unknown model {model!r}: the taxonomy knows {known}") from None


def violations_of(model: str) -> tuple[str, ...]:
    """Those classes of a model that are to be told of; not what only stands beside them."""
    told = {name for classes in VIOLATION_CLASSES.values() for name in classes}
    return tuple(name for name in classes_of(model) if name in told)
