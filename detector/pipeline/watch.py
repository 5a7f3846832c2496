"""Examines the looks of one fixed camera."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from detector.pipeline.carrying import CarryConfig, Carrying
from detector.pipeline.examination import Examination
from detector.pipeline.model_set import ModelSet
from detector.pipeline.seen import strong_only, unit_boxes
from detector.tracking import StillTracker, TrackerConfig
from detector.types import Detector, Frame, Look, Rule, Zone


class Watch:
    """Models, tracker and rules of one camera. Looks must come in the order of their times."""

    def __init__(
        self,
        *,
        detectors: Sequence[Detector],
        rules: Sequence[Rule],
        zones: tuple[Zone, ...] = (),
        tracker: TrackerConfig | None = None,
        carry: CarryConfig | None = None,
    ) -> None:
        """Without `carry` the network looks at every picture."""
        self._models = ModelSet(detectors)
        self._rules = tuple(rules)
        self.zones = zones
        self._config = tracker or TrackerConfig()
        self._tracker = StillTracker(self._config, self._models.thresholds)
        self._carrying = Carrying(carry or CarryConfig(enabled=False), self._config)
        self.carried_looks = 0

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    @property
    def model_sha256(self) -> tuple[str, ...]:
        return self._models.sha256

    def use(self, detectors: Sequence[Detector]) -> None:
        """Other models, between two looks; what is being followed stays."""
        self._models = ModelSet(detectors)
        self._carrying.forget()
        self._tracker.use_thresholds(self._models.thresholds)

    def examine(self, frame: Frame) -> Examination:
        """One usable look."""
        models = self._models
        carried = self._carrying.carried(frame)
        if carried is None:
            weak = models.see(frame.image, self._config.floor_score)
        else:
            weak = carried
            self.carried_looks += 1
        tracks = self._tracker.update(frame.image, weak, frame.captured_at)
        if carried is None:
            self._carrying.examined(frame.captured_at, weak, tracks, models.thresholds)
        look = Look(
            source_id=frame.source_id,
            at=frame.captured_at,
            width_px=frame.width_px,
            height_px=frame.height_px,
            fixed=True,
            detections=strong_only(weak, models.thresholds),
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
            model_sha256=models.sha256,
        )

    def blind(self, at: datetime) -> None:
        """A look without a usable frame."""
        self._carrying.forget()
        self._tracker.blind(at)

    def state(self) -> dict[str, Any]:
        """JSON-serialisable; `restore` continues from it after a restart."""
        return self._tracker.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._tracker.restore(state)
