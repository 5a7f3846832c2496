"""Follows things on a fixed camera's picture over looks seconds apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.tracking.appearance import likeness, signature
from detector.tracking.config import TrackerConfig
from detector.tracking.memory import Memory
from detector.types import Box, Detections, Track

SMOOTHING = 0.3


@dataclass(frozen=True, slots=True)
class _Sighting:
    box: Box
    class_name: str
    score: float
    strong: bool
    group: int


class StillTracker:
    """By place and appearance. Strong detections begin a track, weak ones sustain it (the second
    association of ByteTrack, Zhang et al. 2022); a detection that is missed for a few looks is
    believed as long as the track's piece of the picture still looks the same.

    Each thing must be detected once a look (`without_doubles`)."""

    def __init__(self, config: TrackerConfig, thresholds: dict[str, float]) -> None:
        self._config = config
        self._thresholds = thresholds
        self._memories: list[Memory] = []
        self._next_id = 1
        self._last_at: datetime | None = None

    def update(
        self,
        image: NDArray[np.uint8],
        detections: Detections,
        at: datetime,
        unasked: frozenset[str] = frozenset(),
    ) -> tuple[Track, ...]:
        """One usable look: (H, W, 3) picture, detections down to the floor score, its time.

        `unasked`: classes that nobody looked for this time; what is followed as one of them stays
        as it is.
        """
        self._pass_time(at, blind=False)
        judged = [m for m in self._memories if m.class_name not in unasked]
        for memory in judged:
            memory.seen_now = False
        sightings = self._sightings(detections)
        free = self._match(image, sightings, at)
        self._explain_misses(image, detections, at, judged)
        for sighting in free:
            if sighting.strong:
                self._begin(image, sighting, at)
        self._count_attendance(detections, unasked)
        self._drop_lost(at)
        return self.tracks

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        """Those of another model, from the next look on."""
        self._thresholds = thresholds

    def blind(self, at: datetime) -> None:
        """A look without a usable frame: neither presence nor absence."""
        self._pass_time(at, blind=True)
        for memory in self._memories:
            memory.seen_now = False

    @property
    def tracks(self) -> tuple[Track, ...]:
        return tuple(memory.track for memory in self._memories)

    def state(self) -> dict[str, Any]:
        """JSON-serialisable; `restore` continues from it in another process."""
        return {
            "next_id": self._next_id,
            "last_at": self._last_at and self._last_at.isoformat(),
            "memories": [memory.state() for memory in self._memories],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._next_id = state["next_id"]
        last_at = state["last_at"]
        self._last_at = datetime.fromisoformat(last_at) if last_at else None
        self._memories = [Memory.from_state(item) for item in state["memories"]]

    def _pass_time(self, at: datetime, *, blind: bool) -> None:
        if self._last_at is not None:
            passed_s = (at - self._last_at).total_seconds()
            if blind or passed_s > self._config.gap_s:
                for memory in self._memories:
                    memory.blind_since_seen_s += max(0.0, passed_s)
        self._last_at = at

    def _sightings(self, detections: Detections) -> list[_Sighting]:
        found: list[_Sighting] = []
        for index in np.argsort(-detections.score, kind="stable"):
            name = detections.class_name(int(index))
            score = float(detections.score[index])
            group = self._config.group_of(name)
            if group is None or score < self._config.floor_score:
                continue
            box = detections.box(int(index))
            strong = score >= self._thresholds.get(name, 1.0)
            found.append(_Sighting(box, name, score, strong, group))
        return found

    def _match(
        self, image: NDArray[np.uint8], sightings: list[_Sighting], at: datetime
    ) -> list[_Sighting]:
        """Greedy by nearness; returns the sightings that belong to no track."""
        pairs = []
        for m, memory in enumerate(self._memories):
            group = self._config.group_of(memory.class_name)
            for s, sighting in enumerate(sightings):
                if sighting.group == group:
                    nearness = self._nearness(image, memory, sighting)
                    if nearness > 0:
                        pairs.append((nearness, -m, -s))
        used_m: set[int] = set()
        used_s: set[int] = set()
        for _, minus_m, minus_s in sorted(pairs, reverse=True):
            if -minus_m in used_m or -minus_s in used_s:
                continue
            used_m.add(-minus_m)
            used_s.add(-minus_s)
            self._see(image, self._memories[-minus_m], sightings[-minus_s], at)
        return [s for i, s in enumerate(sightings) if i not in used_s]

    def _nearness(self, image: NDArray[np.uint8], memory: Memory, sighting: _Sighting) -> float:
        iou = memory.box_px.iou(sighting.box)
        if iou >= self._config.match_iou:
            return iou
        (x1, y1), (x2, y2) = memory.box_px.centre, sighting.box.centre
        reach_x = (memory.box_px.width + sighting.box.width) / 2
        reach_y = (memory.box_px.height + sighting.box.height) / 2
        if abs(x1 - x2) > reach_x or abs(y1 - y2) > reach_y / 2:
            return 0.0
        alike = likeness(memory.signature, signature(image, sighting.box))
        return alike * self._config.match_iou if alike >= self._config.match_likeness else 0.0

    def _see(
        self, image: NDArray[np.uint8], memory: Memory, sighting: _Sighting, at: datetime
    ) -> None:
        memory.detect(
            sighting.class_name,
            sighting.score,
            strong=sighting.strong,
            at=at,
            states=self._config.states,
        )
        old, new = memory.box_px.as_tuple(), sighting.box.as_tuple()
        mixed = (o + SMOOTHING * (n - o) for o, n in zip(old, new, strict=True))
        near = memory.box_px.iou(sighting.box) >= self._config.match_iou
        memory.box_px = Box(*mixed) if near else sighting.box
        if sighting.strong:
            memory.signature = signature(image, memory.box_px)

    def _explain_misses(
        self,
        image: NDArray[np.uint8],
        detections: Detections,
        at: datetime,
        judged: Sequence[Memory],
    ) -> None:
        fronts = [
            detections.box(i)
            for i in range(len(detections))
            if detections.class_name(i) in self._config.occluders
        ]
        for memory in judged:
            if memory.seen_now:
                continue
            covered = max((memory.box_px.covered_by(box) for box in fronts), default=0.0)
            if covered >= self._config.occluded_share:
                memory.occluded += 1
            elif self._still_alike(image, memory):
                memory.carry(at)
            else:
                memory.miss()

    def _still_alike(self, image: NDArray[np.uint8], memory: Memory) -> bool:
        if memory.carried >= self._config.carry_looks or memory.absent:
            return False
        alike = likeness(memory.signature, signature(image, memory.box_px))
        return alike >= self._config.carry_likeness

    def _begin(self, image: NDArray[np.uint8], sighting: _Sighting, at: datetime) -> None:
        memory = Memory(
            track_id=self._next_id,
            box_px=sighting.box,
            first_seen_at=at,
            last_seen_at=at,
            signature=signature(image, sighting.box),
        )
        memory.detect(sighting.class_name, sighting.score, strong=True, at=at)
        self._next_id += 1
        self._memories.append(memory)

    def _count_attendance(self, detections: Detections, unasked: frozenset[str]) -> None:
        people = [
            detections.box(i)
            for i in range(len(detections))
            if detections.class_name(i) == "person"
        ]
        for memory in self._memories:
            if memory.class_name in unasked:
                continue
            beside = _widened(memory.box_px)
            memory.attended += memory.seen_now and any(
                beside.intersection(person) > 0 for person in people
            )

    def _drop_lost(self, at: datetime) -> None:
        self._memories = [
            memory
            for memory in self._memories
            if memory.absent < self._config.lost_after_looks
            or (at - memory.last_seen_at).total_seconds() - memory.blind_since_seen_s
            < self._config.lost_after_s
        ]


def _widened(box: Box) -> Box:
    margin = box.width / 2
    return Box(box.x1 - margin, box.y1, box.x2 + margin, box.y2)
