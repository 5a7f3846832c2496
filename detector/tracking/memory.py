"""What a tracker remembers of one thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from detector.tracking.appearance import Signature, from_text, to_text
from detector.types import Box, Coverage, Position, Track

FADING = 0.7
"""What a look's vote for a class is worth one detection later. Three looks in a row (four, when
less sure) overrule any past; a class that comes and goes with every other look stays below 60 %."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """Mutable; `track` gives the frozen record that rules see."""

    track_id: int
    box_px: Box
    first_seen_at: datetime
    last_seen_at: datetime
    votes: dict[str, float] = field(default_factory=dict)
    score_sum: float = 0.0
    last_score: float = 0.0
    detected: int = 0
    strong: int = 0
    present: int = 0
    total: int = 0
    occluded: int = 0
    attended: int = 0
    carried: int = 0  # looks in a row without a detection, believed by appearance
    absent: int = 0  # looks in a row without the thing
    blind_s: float = 0.0
    blind_since_seen_s: float = 0.0  # blind time that a later sighting will turn into blind_s
    passes: int = 1
    pass_source: str = ""
    position: Position | None = None
    signature: Signature | None = None
    seen_now: bool = False

    @property
    def class_name(self) -> str:
        return max(self.votes, key=lambda name: self.votes[name])

    def detect(
        self,
        class_name: str,
        score: float,
        *,
        strong: bool,
        at: datetime,
        states: frozenset[str] = frozenset(),
    ) -> None:
        """A detection in a usable look.

        A class of `states` that takes the place of another one is a new fact (a cover that was
        there all day is gone): what was counted before is forgotten."""
        before = self.class_name if self.votes else class_name
        self.votes = {name: FADING * votes for name, votes in self.votes.items()}
        self.votes[class_name] = self.votes.get(class_name, 0.0) + score
        if self.class_name != before and {self.class_name, before} <= states:
            self._begin_anew(at)
        self.score_sum += score
        self.last_score = score
        self.detected += 1
        self.strong += strong
        self.carried = 0
        self._be_present(at)
        self.seen_now = True

    def _begin_anew(self, at: datetime) -> None:
        self.first_seen_at = at
        self.score_sum = self.blind_s = self.blind_since_seen_s = 0.0
        self.detected = self.strong = self.present = self.total = 0
        self.occluded = self.attended = 0
        self.passes = 1

    def carry(self, at: datetime) -> None:
        """Not detected, but its piece of the picture still looks the same."""
        self.carried += 1
        self._be_present(at)

    def miss(self) -> None:
        self.total += 1
        self.absent += 1

    def _be_present(self, at: datetime) -> None:
        self.present += 1
        self.total += 1
        self.absent = 0
        self.last_seen_at = at
        self.blind_s += self.blind_since_seen_s
        self.blind_since_seen_s = 0.0

    @property
    def track(self) -> Track:
        votes = sum(self.votes.values())
        return Track(
            track_id=self.track_id,
            class_name=self.class_name,
            box_px=self.box_px,
            score=self.score_sum / self.detected,
            last_score=self.last_score,
            first_seen_at=self.first_seen_at,
            last_seen_at=self.last_seen_at,
            seen_now=self.seen_now,
            coverage=Coverage(
                looks_present=self.present,
                looks_total=self.total,
                looks_occluded=self.occluded,
                span_s=(self.last_seen_at - self.first_seen_at).total_seconds(),
                blind_s=self.blind_s,
            ),
            passes=self.passes,
            position=self.position,
            attended_looks=self.attended,
            strong_looks=self.strong,
            class_share=self.votes[self.class_name] / votes if votes else 1.0,
        )

    def state(self) -> dict[str, Any]:
        """JSON-serialisable."""
        out: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        out["box_px"] = self.box_px.as_tuple()
        out["first_seen_at"] = self.first_seen_at.isoformat()
        out["last_seen_at"] = self.last_seen_at.isoformat()
        out["signature"] = to_text(self.signature)
        place = self.position
        out["position"] = place and [place.x, place.y, place.crs, place.error_radius_m]
        return out

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Memory:
        place = state["position"]
        return cls(
            **{name: state[name] for name in _PLAIN},
            box_px=Box(*state["box_px"]),
            first_seen_at=datetime.fromisoformat(state["first_seen_at"]),
            last_seen_at=datetime.fromisoformat(state["last_seen_at"]),
            signature=from_text(state["signature"]),
            position=place
            and Position(x=place[0], y=place[1], crs=place[2], error_radius_m=place[3]),
        )


_PLAIN = (
    "track_id",
    "votes",
    "score_sum",
    "last_score",
    "detected",
    "strong",
    "present",
    "total",
    "occluded",
    "attended",
    "carried",
    "absent",
    "blind_s",
    "blind_since_seen_s",
    "passes",
    "pass_source",
)
