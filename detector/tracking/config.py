"""How things are followed from look to look."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

VENDOR_GROUP = frozenset({"stall", "cart", "ground_goods"})
COVER_GROUP = frozenset({"cover_ok", "cover_damaged", "cover_missing"})


class TrackerConfig(BaseModel):
    """Looks are seconds apart, so place and appearance count, not motion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    floor_score: float = Field(default=0.1, ge=0, le=1)  # weaker detections are not looked at
    match_iou: float = Field(default=0.2, gt=0, le=1)
    match_likeness: float = Field(default=0.5, ge=0, le=1)  # for a thing that shifted
    carry_likeness: float = Field(default=0.75, ge=0, le=1)  # for a missed detection
    carry_looks: int = Field(default=3, ge=0)  # at most so many in a row
    occluded_share: float = Field(default=0.35, gt=0, le=1)  # of the box behind something else
    lost_after_looks: int = Field(default=5, ge=1)
    lost_after_s: float = Field(default=60, ge=0)
    gap_s: float = Field(default=90, gt=0)  # a longer time without a look was blind
    pass_gap_s: float = Field(default=1800, gt=0)  # moving: later sightings are another pass
    groups: tuple[frozenset[str], ...] = (VENDOR_GROUP, COVER_GROUP, frozenset({"parasol"}))
    states: frozenset[str] = COVER_GROUP  # classes whose change is a new fact, not a correction
    occluders: frozenset[str] = frozenset({"car", "bus", "truck", "motorcycle", "person"})

    def group_of(self, class_name: str) -> int | None:
        """Index of the group of classes that may be taken for one another; None: not followed."""
        for index, group in enumerate(self.groups):
            if class_name in group:
                return index
        return None
