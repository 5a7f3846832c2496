"""Parts of a camera's picture and what is allowed there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class ZoneKind(StrEnum):
    ROAD = "road"
    PAVEMENT = "pavement"
    SHOP_FRONT = "shop_front"  # polygon between the shop fronts and their line
    PERMITTED = "permitted"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """When how many stalls may stand in a permitted zone. All times are local to the city."""

    weekdays: frozenset[int]  # 0 Monday … 6 Sunday
    from_date: date | None  # first day, None: always
    to_date: date | None  # last day, inclusive
    from_time: time
    to_time: time  # exclusive; earlier than from_time: over midnight
    stalls: int  # how many may stand there at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon in fractions (0 to 1) of the picture's width and height, at least three corners."""

    name: str
    kind: ZoneKind
    polygon_unit: tuple[tuple[float, float], ...]
    permits: tuple[Permit, ...] = ()

    def __post_init__(self) -> None:
        if len(self.polygon_unit) < 3:
            raise ValueError(f"zone {self.name!r} needs at least three corners")
        if not all(0 <= v <= 1 for point in self.polygon_unit for v in point):
            raise ValueError(f"zone {self.name!r} has corners outside 0..1")
