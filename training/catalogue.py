"""Which sets each model learns from, with what every set labels and what it is silent about."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from detector.types.taxonomy import VENDOR_CLASSES
from training.picture_set import PictureSet

_COVER_STATES: Final = ("cover_ok", "cover_damaged", "cover_missing", "storm_grate")
_HOLES: Final = ("cover_damaged", "cover_missing")
_STREET: Final = (*VENDOR_CLASSES, "parasol")

COVERS_PHONE: Final = PictureSet(
    name="covers_phone",
    folder="data/covers/phone",
    licence="CC BY 4.0 as stated by the uploader",
    classes=_COVER_STATES,
    labelled=_COVER_STATES,
    block=10,
    origins=((r".*", "phone"),),
)
COVERS_WEB: Final = PictureSet(
    name="covers_web",
    folder="data/covers/web",
    licence="none stated",
    classes=_COVER_STATES,
    labelled=_COVER_STATES,
    origins=((r"zhwangg", "zhwangg"), (r"bhamakpi", "bhamakpi")),
)
POTHOLES: Final = PictureSet(
    name="road_street",
    folder="data/road/street",
    licence="MIT (photographs web-scraped)",
    classes=("pothole",),
    labelled=("pothole",),
    block=10,
    origins=((r".*", "vsh_road"),),
)
NEGATIVES_ROAD: Final = PictureSet(
    name="negatives_road",
    folder="data/street_negatives/road",
    licence="MIT (photographs web-scraped)",
    label_folder=None,
    block=10,
    origins=((r".*", "vsh_scene"),),
)
NEGATIVES_TRAFFIC: Final = PictureSet(
    name="negatives_traffic",
    folder="data/street_negatives/traffic",
    licence="none stated",
    label_folder=None,
    block=10,
    origins=((r".*", "traffic"),),
)
NEGATIVES_GARBAGE: Final = PictureSet(
    name="negatives_garbage",
    folder="data/street_negatives/garbage",
    licence="CC BY 4.0 stated",
    label_folder=None,
    block=50,
    origins=((r".*", "garbage"),),
)
VENDOR_CARTS: Final = PictureSet(
    name="vendor_carts",
    folder="data/vendor_street/carts",
    licence="MIT (photographs web-scraped)",
    classes=_STREET,
    labelled=_STREET,
    ignore_folder="ignore",
    block=10,
    origins=((r".*", "carts"),),
    taught=True,
)
VENDOR_MIXED: Final = PictureSet(
    name="vendor_mixed",
    folder="data/vendor_street/mixed",
    licence="CC BY 4.0 stated, part without licence",
    classes=_STREET,
    labelled=_STREET,
    ignore_folder="ignore",
    block=10,
    origins=((r"g_", "mixed_garbage"), (r"\d", "mixed_numbered")),
    taught=True,
)

COVER_SETS: Final = (
    COVERS_PHONE,
    COVERS_WEB,
    POTHOLES,
    replace(NEGATIVES_ROAD, labelled=(*_HOLES, "cover_ok")),
    replace(NEGATIVES_TRAFFIC, labelled=_HOLES),
    replace(NEGATIVES_GARBAGE, labelled=_HOLES),
)
STREET_SETS: Final = (
    VENDOR_CARTS,
    VENDOR_MIXED,
    replace(NEGATIVES_ROAD, labelled=("cart",), taught=True),
    replace(NEGATIVES_TRAFFIC, labelled=VENDOR_CLASSES, taught=True),
    replace(NEGATIVES_GARBAGE, labelled=VENDOR_CLASSES, taught=True),
)


def rendered_set(
    name: str, folder: str, classes: tuple[str, ...], labelled: tuple[str, ...]
) -> PictureSet:
    """The project's own rendered scenes: exact labels, every class of the model labelled."""
    return PictureSet(
        name=name,
        folder=folder,
        licence="AGPL-3.0-or-later (rendered by this project)",
        classes=tuple(item if item in labelled else "" for item in classes),
        labelled=labelled,
        block=1,
        origins=((r".*", "rendered"),),
    )


SETS_OF_MODEL: Final[dict[str, tuple[PictureSet, ...]]] = {
    "covers": COVER_SETS,
    "street": STREET_SETS,
}
