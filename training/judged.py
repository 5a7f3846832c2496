"""What people judged in a picture: a rectangle, the classes it answers for, and the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from detector.types import Box as Corners
from training.label import Box, box_from_corners

MARGIN = 0.1
"""A judged rectangle reaches this share of its side beyond the object."""

_CELL = 1 / 3
"""Mask rectangles are no longer than this share of the picture: cropping drops little then."""

_SLIVER = 0.04
"""No cell is cut narrower than this for the sake of `_CELL`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One judged rectangle. Outside all of them nothing is known of the picture."""

    box: Corners  # fractions of the picture's width and height
    classes: tuple[str, ...]  # that it answers for: of these only `label` is in it, or none
    label: str | None  # None: a hard negative
    reason: str  # why it was rejected; else empty
    incident: str
    by: str  # who judged

    def __post_init__(self) -> None:
        if self.label is not None and self.label not in self.classes:
            raise ValueError(f"label {self.label!r} is none of {', '.join(self.classes)}")

    @property
    def rejected(self) -> bool:
        """Somebody said that it is not what the model took it for."""
        return self.label is None or bool(self.reason)

    @property
    def region(self) -> Corners:
        """The rectangle with its margin, within the picture."""
        across, down = self.box.width * MARGIN, self.box.height * MARGIN
        return Corners(
            max(self.box.x1 - across, 0.0),
            max(self.box.y1 - down, 0.0),
            min(self.box.x2 + across, 1.0),
            min(self.box.y2 + down, 1.0),
        )

    @property
    def record(self) -> dict[str, Any]:
        return {
            "box_unit": list(self.box.as_tuple()),
            "classes": list(self.classes),
            "label": self.label,
            "reason": self.reason,
            "incident": self.incident,
            "by": self.by,
        }


def judged_of(record: dict[str, Any]) -> Judged:
    """The inverse of `Judged.record`."""
    return Judged(
        box=Corners(*record["box_unit"]),
        classes=tuple(record["classes"]),
        label=record["label"],
        reason=record.get("reason", ""),
        incident=record.get("incident", ""),
        by=record.get("by", ""),
    )


def labelled_in(judged: Sequence[Judged], classes: Sequence[str]) -> tuple[str, ...]:
    """Those of a model's classes that somewhere in the picture were judged."""
    return tuple(name for name in classes if any(name in item.classes for item in judged))


def objects_of(judged: Sequence[Judged], classes: Sequence[str]) -> list[Box]:
    """The labels; class ids index `classes`."""
    boxes = []
    for item in judged:
        if item.label is not None and item.label in classes:
            box = box_from_corners(list(classes).index(item.label), *item.box.as_tuple())
            if box is not None:
                boxes.append(box)
    return boxes


def unjudged(
    judged: Sequence[Judged], classes: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], Box]]:
    """Rectangles over all that was not judged, with the classes they hide (box class id 0)."""
    hidden_by_regions: dict[tuple[int, ...], list[str]] = {}
    for name in classes:
        regions = tuple(i for i, item in enumerate(judged) if name in item.classes)
        hidden_by_regions.setdefault(regions, []).append(name)
    for regions, names in hidden_by_regions.items():
        for box in cells_outside([judged[i].region for i in regions]):
            yield tuple(names), box


def cells_outside(regions: Sequence[Corners]) -> Iterator[Box]:
    """The picture without the regions, cut into rectangles."""
    columns = _cuts([edge for region in regions for edge in (region.x1, region.x2)])
    rows = _cuts([edge for region in regions for edge in (region.y1, region.y2)])
    for left, right in pairwise(columns):
        for top, bottom in pairwise(rows):
            x, y = (left + right) / 2, (top + bottom) / 2
            if any(r.x1 <= x <= r.x2 and r.y1 <= y <= r.y2 for r in regions):
                continue
            box = box_from_corners(0, left, top, right, bottom)
            if box is not None:
                yield box


def _cuts(edges: Sequence[float]) -> list[float]:
    """The regions' edges, the picture's, and further ones where the gap is long."""
    needed = sorted({0.0, 1.0, *edges})
    cuts = set(needed)
    for start, end in pairwise(needed):
        parts = max(round((end - start) / _CELL), 1) if end - start > _SLIVER else 1
        cuts.update(start + (end - start) * part / parts for part in range(parts))
    return sorted(cuts)
