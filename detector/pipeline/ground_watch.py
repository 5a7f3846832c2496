"""Examines the pictures of moving sources: patrol cars, citizens' phones."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from detector.pipeline.examination import Examination
from detector.pipeline.model_set import ModelSet
from detector.pipeline.seen import strong_only, unit_boxes
from detector.tracking import GroundTracker, TrackerConfig
from detector.types import Detector, Frame, Look, Position, Rule


class GroundWatch:
    """One tracker for all moving sources, so that the second car past a broken cover confirms what
    the first one saw. Safe between threads."""

    def __init__(
        self,
        *,
        detectors: Sequence[Detector],
        rules: Sequence[Rule],
        tracker: TrackerConfig | None = None,
        forget_after_days: float = 60,
    ) -> None:
        self._models = ModelSet(detectors)
        self._rules = tuple(rules)
        self._config = tracker or TrackerConfig()
        self._forget_after = timedelta(days=forget_after_days)
        self._tracker = GroundTracker(self._config, self._models.thresholds)
        self._lock = threading.Lock()

    @property
    def model_sha256(self) -> tuple[str, ...]:
        return self._models.sha256

    def use(self, detectors: Sequence[Detector]) -> None:
        """Other models, from the next picture on; what is being followed stays."""
        with self._lock:
            self._models = ModelSet(detectors)
            self._tracker.use_thresholds(self._models.thresholds)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    def examine(self, frame: Frame) -> Examination | None:
        """One picture; None: it has no position, so nothing in it can be placed."""
        if frame.pose is None:
            return None
        pose = frame.pose
        position = Position(
            x=pose.lon_deg, y=pose.lat_deg, crs=pose.crs, error_radius_m=pose.error_radius_m
        )
        models = self._models
        weak = models.see_each_once(frame.image, self._config)
        with self._lock:
            tracks = self._tracker.update(weak, position, frame.source_id, frame.captured_at)
            self._tracker.forget_before(frame.captured_at - self._forget_after)
        look = Look(
            source_id=frame.source_id,
            at=frame.captured_at,
            width_px=frame.width_px,
            height_px=frame.height_px,
            fixed=False,
            detections=strong_only(weak, models.thresholds),
            tracks=tracks,
            zones=(),
        )
        return Examination(
            look=look,
            weak_detections=weak,
            findings=tuple(f for rule in self._rules for f in rule.judge(look)),
            present=(),
            occluded=unit_boxes(weak, self._config.occluders, look),
            model_sha256=models.sha256,
        )

    def state(self) -> dict[str, Any]:
        """JSON-serialisable."""
        with self._lock:
            return self._tracker.state()

    def restore(self, state: dict[str, Any]) -> None:
        with self._lock:
            self._tracker.restore(state)
