"""What a comparison of two flights concludes of one structure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from detector.flights.ledger import LedgerVerdict
from detector.flights.sighting import Ring
from detector.types import Position


class FlightVerdict(StrEnum):
    """A structure on the later flight against the baseline."""

    NEW = "new"
    GROWN = "grown"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    NOT_VISIBLE = "not_visible"


@dataclass(frozen=True, slots=True, kw_only=True)
class BestView:
    """A picture that shows the structure and where to look in it (pixels)."""

    picture: str
    ring_px: Ring
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightFinding:
    """One structure. `ring` is its outline, longitude and latitude in WGS-84.

    `area_error_m2` and the position's radius hold the truth in 95 of 100 cases.
    """

    id: str
    verdict: FlightVerdict
    ledger: LedgerVerdict
    ledger_id: str
    class_name: str
    score: float
    area_m2: float
    area_error_m2: float
    position: Position
    ring: Ring
    building_id: str
    baseline_at: datetime
    current_at: datetime
    registration_error_m: float
    seen_in: int
    shown_in: int
    views: tuple[BestView, ...]
    reason: str

    def feature(self) -> dict[str, Any]:
        """As a GeoJSON feature."""
        return {
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[round(x, 8), round(y, 8)] for x, y in self.ring]],
            },
            "properties": {
                "id": self.id,
                "verdict": self.verdict.value,
                "ledger": self.ledger.value,
                "ledger_id": self.ledger_id,
                "class": self.class_name,
                "score": round(self.score, 3),
                "area_m2": round(self.area_m2, 1),
                "area_error_m2": round(self.area_error_m2, 1),
                "x": round(self.position.x, 8),
                "y": round(self.position.y, 8),
                "crs": self.position.crs,
                "error_radius_m": round(self.position.error_radius_m, 2),
                "building_id": self.building_id,
                "baseline_at": self.baseline_at.isoformat(),
                "current_at": self.current_at.isoformat(),
                "registration_error_m": round(self.registration_error_m, 3),
                "seen_in": self.seen_in,
                "shown_in": self.shown_in,
                "pictures": [view.picture for view in self.views],
                "reason": self.reason,
            },
        }
