"""Examines the looks of one fixed camera."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from detector.pipeline.examination import Examination
from detector.pipeline.seen import strong_only, unit_boxes
from detector.tracking import StillTracker, TrackerConfig
from detector.types import Detections, Detector, Frame, Look, Rule, Zone


class Watch:
    """Models, tracker and rules of one camera. Looks must come in the order of their times."""

    def __init__(
        self,
        *,
        detectors: Sequence[Detector],
        rules: Sequence[Rule],
        zones: tuple[Zone, ...] = (),
        tracker: TrackerConfig | None = None,
    ) -> None:
        self._detectors = tuple(detectors)
        self._rules = tuple(rules)
        self.zones = zones
        self._config = tracker or TrackerConfig()
        self._thresholds = {
            name: score for model in detectors for name, score in model.thresholds.items()
        }
        self._tracker = StillTracker(self._config, self._thresholds)

    @property
    def model_sha256(self) -> tuple[str, ...]:
        return tuple(model.sha256 for model in self._detectors)

    def examine(self, frame: Frame) -> Examination:
        """One usable look."""
        floor = self._config.floor_score
        weak = Detections.merged(
            [model.detect([frame.image], floor=floor)[0] for model in self._detectors]
        )
        tracks = self._tracker.update(frame.image, weak, frame.captured_at)
        look = Look(
            source_id=frame.source_id,
            at=frame.captured_at,
            width_px=frame.width_px,
            height_px=frame.height_px,
            fixed=True,
            detections=strong_only(weak, self._thresholds),
            tracks=tracks,
            zones=self.zones,
        )
        return Examination(
            look=look,
            weak_detections=weak,
            findings=tuple(f for rule in self._rules for f in rule.judge(look)),
            present=tuple(
                (rule.violation, track.box_px.scaled(1 / look.width_px, 1 / look.height_px))
                for rule in self._rules
                for track in tracks
                if track.class_name in rule.classes and track.last_seen_at == look.at
            ),
            occluded=unit_boxes(weak, self._config.occluders, look),
        )

    def blind(self, at: datetime) -> None:
        """A look without a usable frame."""
        self._tracker.blind(at)

    def state(self) -> dict[str, Any]:
        """JSON-serialisable; `restore` continues from it after a restart."""
        return self._tracker.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._tracker.restore(state)
