"""Follows things on the ground over passes of moving sources."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from detector.geometry.ground import distance_m
from detector.tracking.config import TrackerConfig
from detector.tracking.memory import Memory
from detector.types import Box, Detections, Position, Track

MIN_RADIUS_M = 3.0
MAX_RADIUS_M = 30.0


class GroundTracker:
    """By position: sightings within each other's error radii are the same thing. Pictures more than
    `pass_gap_s` apart, or of another source, are another pass.

    Each thing must be detected once a picture (`without_doubles`)."""

    def __init__(self, config: TrackerConfig, thresholds: dict[str, float]) -> None:
        self._config = config
        self._thresholds = thresholds
        self._memories: list[Memory] = []
        self._next_id = 1

    def update(
        self, detections: Detections, position: Position, source_id: str, at: datetime
    ) -> tuple[Track, ...]:
        """One picture taken at `position`; returns the tracks that it shows."""
        for memory in self._memories:
            memory.seen_now = False
        shown = []
        for index in range(len(detections)):
            name = detections.class_name(index)
            score = float(detections.score[index])
            group = self._config.group_of(name)
            if group is None or score < self._thresholds.get(name, 1.0):
                continue
            memory = self._nearest(group, position) or self._begin(position, source_id, at)
            self._count_pass(memory, source_id, at)
            memory.box_px = detections.box(index)
            memory.detect(name, score, strong=True, at=at)
            shown.append(memory)
        return tuple(memory.track for memory in shown)

    def use_thresholds(self, thresholds: dict[str, float]) -> None:
        """Those of another model, from the next picture on."""
        self._thresholds = thresholds

    def forget_before(self, at: datetime) -> None:
        """Drops what was last seen before that time: memory must not grow for a year."""
        self._memories = [memory for memory in self._memories if memory.last_seen_at >= at]

    def state(self) -> dict[str, Any]:
        return {"next_id": self._next_id, "memories": [m.state() for m in self._memories]}

    def restore(self, state: dict[str, Any]) -> None:
        self._next_id = state["next_id"]
        self._memories = [Memory.from_state(item) for item in state["memories"]]

    def _nearest(self, group: int, position: Position) -> Memory | None:
        best: tuple[float, Memory] | None = None
        for memory in self._memories:
            # One picture's detections share its position: two of them are two things.
            if memory.seen_now or memory.position is None:
                continue
            if self._config.group_of(memory.class_name) != group:
                continue
            far_m = distance_m(memory.position, position)
            radius_m = memory.position.error_radius_m + position.error_radius_m
            if far_m <= min(max(radius_m, MIN_RADIUS_M), MAX_RADIUS_M) and (
                best is None or far_m < best[0]
            ):
                best = (far_m, memory)
        return best[1] if best else None

    def _begin(self, position: Position, source_id: str, at: datetime) -> Memory:
        memory = Memory(
            track_id=self._next_id,
            box_px=Box(0, 0, 0, 0),
            first_seen_at=at,
            last_seen_at=at,
            position=position,
            pass_source=source_id,
        )
        self._next_id += 1
        self._memories.append(memory)
        return memory

    def _count_pass(self, memory: Memory, source_id: str, at: datetime) -> None:
        later_s = (at - memory.last_seen_at).total_seconds()
        if source_id != memory.pass_source or later_s > self._config.pass_gap_s:
            memory.passes += 1
            memory.pass_source = source_id
