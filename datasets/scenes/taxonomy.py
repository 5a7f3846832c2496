"""The class names of the labels, in the order of every `classes.txt` written here."""

from __future__ import annotations

from typing import Final

CLASSES: Final[tuple[str, ...]] = (
    "stall",
    "cart",
    "ground_goods",
    "parasol",
    "person",
    "bicycle",
    "motorcycle",
    "car",
    "bus",
    "truck",
    "cover_ok",
    "cover_damaged",
    "cover_missing",
    "storm_grate",
    "pothole",
)


def class_id(name: str) -> int:
    """Index of a class name; a name outside the taxonomy is a programming error."""
    return CLASSES.index(name)
