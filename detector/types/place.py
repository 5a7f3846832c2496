"""Where a thing is: on a picture, on the ground, or both."""

from __future__ import annotations

from dataclasses import dataclass

from detector.types.box import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A point on the ground.

    `x` is longitude (or easting) and `y` latitude (or northing), in the units of `crs`
    (an authority code such as EPSG:4326 or EPSG:4490, or GCJ-02 / BD-09).
    """

    x: float
    y: float
    crs: str = "EPSG:4326"
    error_radius_m: float

    def __post_init__(self) -> None:
        if self.error_radius_m < 0:
            raise ValueError(f"error_radius_m must not be negative: {self.error_radius_m}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of one violation.

    A fixed camera's place is the box on its picture (`box_unit`, fractions 0 to 1 of width and
    height). A moving source's place is its position; the box then only says where to look on
    that one picture.
    """

    source_id: str
    box_unit: Box
    position: Position | None
    fixed: bool

    def __post_init__(self) -> None:
        if not self.fixed and self.position is None:
            raise ValueError("a moving source's place needs a position")
