"""Labelled boxes and their YOLO text form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One labelled rectangle; centre and size are fractions of the picture's width and height."""

    class_id: int
    cx: float
    cy: float
    w: float
    h: float

    def __post_init__(self) -> None:
        if self.class_id < 0:
            raise ValueError(f"class id {self.class_id} is negative")
        if self.w <= 0 or self.h <= 0:
            raise ValueError(f"box of no area: w={self.w} h={self.h}")

    def line(self) -> str:
        """The box as one line of YOLO text."""
        return f"{self.class_id} {self.cx:.6f} {self.cy:.6f} {self.w:.6f} {self.h:.6f}"

    def with_class(self, class_id: int) -> Box:
        """The same rectangle under another class."""
        return Box(class_id=class_id, cx=self.cx, cy=self.cy, w=self.w, h=self.h)


def box_from_corners(class_id: int, x1: float, y1: float, x2: float, y2: float) -> Box | None:
    """A box from corner fractions, clipped to the picture; None when nothing of it is left."""
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0)
    if x2 - x1 < 1e-4 or y2 - y1 < 1e-4:
        return None
    return Box(class_id=class_id, cx=(x1 + x2) / 2, cy=(y1 + y2) / 2, w=x2 - x1, h=y2 - y1)


def read_boxes(path: Path) -> list[Box]:
    """Boxes of a YOLO text file; polygon and oriented rows become their upright rectangle."""
    boxes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            box = _parse(line)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
        if box is not None:
            boxes.append(box)
    return boxes


def write_boxes(path: Path, boxes: list[Box]) -> None:
    """Write boxes as YOLO text; an empty file says "looked at, nothing here"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(box.line() + "\n" for box in boxes), encoding="utf-8")


def _parse(line: str) -> Box | None:
    first, *rest = line.split()
    values = [float(value) for value in rest]
    if len(values) == 4:
        cx, cy, w, h = values
        return box_from_corners(int(first), cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[0::2], values[1::2]
        return box_from_corners(int(first), min(xs), min(ys), max(xs), max(ys))
    raise ValueError(f"expected 4 numbers or a polygon after the class, got {len(values)} numbers")
