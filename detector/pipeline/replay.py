"""Goes through recorded footage with the real models, tracker and rules, without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from detector.pipeline.examination import Examination
from detector.pipeline.watch import Watch
from detector.types import Finding, Frame

SAME_PLACE_IOU = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A finding that would have opened an incident, and the look at which it did."""

    finding: Finding
    frame: Frame
    examination: Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What a replay showed; times are of the footage's own clock."""

    looks: int
    detections: dict[str, int]  # at the released thresholds, by class
    opened: tuple[Opened, ...]
    first_at: datetime | None
    last_at: datetime | None

    @property
    def seconds(self) -> float:
        if self.first_at is None or self.last_at is None:
            return 0.0
        return (self.last_at - self.first_at).total_seconds()


def replay(
    frames: Iterable[Frame], watch: Watch, *, progress: Callable[[Frame], None] | None = None
) -> ReplayResult:
    """Each violation at one place counts once, however often it is found."""
    opened: list[Opened] = []
    counts: dict[str, int] = {}
    looks = 0
    first_at = last_at = None
    for frame in frames:
        seen = watch.examine(frame)
        looks += 1
        first_at = first_at or frame.captured_at
        last_at = frame.captured_at
        for name in map(seen.look.detections.class_name, range(len(seen.look.detections))):
            counts[name] = counts.get(name, 0) + 1
        for finding in seen.findings:
            if not any(_same(finding, other.finding) for other in opened):
                opened.append(Opened(finding=finding, frame=frame, examination=seen))
        if progress:
            progress(frame)
    return ReplayResult(
        looks=looks, detections=counts, opened=tuple(opened), first_at=first_at, last_at=last_at
    )


def _same(one: Finding, other: Finding) -> bool:
    return (
        one.violation == other.violation
        and one.place.box_unit.iou(other.place.box_unit) >= SAME_PLACE_IOU
    )
