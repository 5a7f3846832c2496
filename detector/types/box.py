"""An axis-aligned box."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Corners (x1, y1) top left and (x2, y2) bottom right, in pixels or in fractions.

    Raises ValueError for corners that are not finite or not in order.
    """

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.x1, self.y1, self.x2, self.y2))):
            raise ValueError(f"box corners must be finite: {self}")
        if self.x2 < self.x1 or self.y2 < self.y1:
            raise ValueError(f"box corners must be in order: {self}")

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @property
    def foot(self) -> tuple[float, float]:
        """Middle of the lower edge: where a standing thing touches the ground."""
        return (self.x1 + self.x2) / 2, self.y2

    def intersection(self, other: Box) -> float:
        """Area that both boxes cover."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        common = self.intersection(other)
        union = self.area + other.area - common
        return common / union if union > 0 else 0.0

    def covered_by(self, other: Box) -> float:
        """Share of this box that the other covers, 0 to 1."""
        return self.intersection(other) / self.area if self.area > 0 else 0.0

    def scaled(self, x_factor: float, y_factor: float) -> Box:
        """The box with both axes multiplied, e.g. from fractions to pixels."""
        return Box(self.x1 * x_factor, self.y1 * y_factor, self.x2 * x_factor, self.y2 * y_factor)

    def as_tuple(self) -> tuple[float, float, float, float]:
        return self.x1, self.y1, self.x2, self.y2
