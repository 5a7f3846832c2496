"""The same thing over several looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detector.types.box import Box
from detector.types.coverage import Coverage
from detector.types.place import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A thing that stays, as known after the newest look.

    `track_id` is unique within one tracker; it is never an identity of an incident.
    """

    track_id: int
    class_name: str  # the class with the most score-weighted votes
    box_px: Box  # smoothed place in the newest frame's pixels
    score: float  # mean score over the looks in which it was detected
    last_score: float  # score in the look in which it was last detected
    first_seen_at: datetime
    last_seen_at: datetime
    seen_now: bool  # detected in this look (not carried over a gap)
    coverage: Coverage
    passes: int = 1  # moving sources: separate passes in which it was seen
    position: Position | None = None  # moving sources: where it is on the ground
    attended_looks: int = 0  # looks in which a person stood beside it
    strong_looks: int = 0  # looks in which the score reached the class's threshold
    class_share: float = 1.0  # share of the score-weighted votes that class_name holds
