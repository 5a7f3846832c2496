"""Whether two places are the same."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.geometry.ground import distance_m
from detector.types import Box, Position


class SamePlaceConfig(BaseModel):
    """How near is the same place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_iou: float = Field(default=0.3, gt=0, le=1)
    """Fixed cameras: boxes that overlap so much are one place."""

    min_size_ratio: float = Field(default=0.25, gt=0, le=1)
    """Fixed cameras: or the centre of one lies within the other and the smaller box has at
    least this share of the larger one's area."""

    min_radius_m: float = Field(default=2, ge=0)
    max_radius_m: float = Field(default=25, gt=0)
    """Moving sources: positions nearer than the sum of their error radii are one place, where
    the sum is held between these two."""

    @model_validator(mode="after")
    def _in_order(self) -> SamePlaceConfig:
        if self.min_radius_m > self.max_radius_m:
            raise ValueError("min_radius_m must not exceed max_radius_m")
        return self


def box_likeness(one: Box, other: Box, config: SamePlaceConfig) -> float | None:
    """How well two boxes of one fixed camera agree, 0 to 1; None: different places."""
    iou = one.iou(other)
    if iou >= config.min_iou:
        return iou
    larger = max(one.area, other.area)
    if larger <= 0 or min(one.area, other.area) / larger < config.min_size_ratio:
        return None
    centred = _contains(one, other.centre) or _contains(other, one.centre)
    return iou if centred else None


def position_likeness(one: Position, other: Position, config: SamePlaceConfig) -> float | None:
    """How well two positions agree, 0 to 1; None: different places.

    Raises ConfigError for a position in a crs that is not accepted.
    """
    radius_m = one.error_radius_m + other.error_radius_m
    limit_m = min(max(radius_m, config.min_radius_m), config.max_radius_m)
    away_m = distance_m(one, other)
    return 1 - away_m / limit_m if limit_m > 0 and away_m <= limit_m else None


def _contains(box: Box, point: tuple[float, float]) -> bool:
    return box.x1 <= point[0] <= box.x2 and box.y1 <= point[1] <= box.y2
