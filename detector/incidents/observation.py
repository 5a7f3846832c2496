"""What one look says about the street, as the registry takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detector.types import Finding, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look of one source. Raises ValueError for a naive time or a foreign finding."""

    source_id: str
    fixed: bool  # False: a moving source, whose findings have positions
    at: datetime  # aware, the source's own clock
    clock: str  # which clock that is, as in Frame.clock
    good_look: bool  # False: blind; such a look proves neither presence nor absence
    examined: frozenset[str]  # violations whose rules judged this look
    findings: tuple[Finding, ...] = ()  # all that stand, those carried over a gap too
    # By violation: places of the detections and the live tracks of its classes in this look,
    # whether or not they meet the rule. They keep a place from counting as empty.
    present_places: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    # Places that could not be seen: of occluded tracks, or the boxes of what stands in front.
    occluded_places: tuple[Place, ...] = ()
    model_sha256: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"{self.source_id}: a look's time must be aware")
        for finding in self.findings:
            place = finding.place
            if place.source_id != self.source_id or place.fixed != self.fixed:
                raise ValueError(f"{self.source_id}: the look holds a finding of {place}")
