"""Examines the looks of one fixed camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from detector.pipeline.carrying import CarryConfig
from detector.pipeline.examination import Examination
from detector.pipeline.lane import Paces, lanes_of
from detector.pipeline.seen import strong_only, unit_boxes
from detector.tracking import StillTracker, TrackerConfig
from detector.types import Detections, Detector, Frame, Look, Rule, Track, Zone


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
        paces: Paces | None = None,
    ) -> None:
        """Without `carry` a network looks at every picture that its pace leaves to it; without
        `paces` that is every picture."""
        self._rules = tuple(rules)
        self.zones = zones
        self._config = tracker or TrackerConfig()
        self._carry = carry or CarryConfig(enabled=False)
        self._paces = paces or {}
        self._take(detectors)
        self._tracker = StillTracker(self._config, self._thresholds)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    @property
    def model_sha256(self) -> tuple[str, ...]:
        return tuple(name for lane in self._lanes for name in lane.models.sha256)

    @property
    def carried_looks(self) -> int:
        """Times that models were not asked, because nothing had changed."""
        return sum(lane.carried_looks for lane in self._lanes)

    def use(self, detectors: Sequence[Detector]) -> None:
        """Other models, between two looks; what is being followed stays."""
        self._take(detectors)
        self._tracker.use_thresholds(self._thresholds)

    def _take(self, detectors: Sequence[Detector]) -> None:
        self._lanes = lanes_of(detectors, self._paces, self._carry, self._config)
        self._thresholds = {
            name: score for lane in self._lanes for name, score in lane.models.thresholds.items()
        }

    def examine(self, frame: Frame) -> Examination:
        """One usable look."""
        found = [(lane, lane.see(frame)) for lane in self._lanes]
        weak = Detections.merged([seen for _, seen in found if seen is not None])
        unasked = frozenset(name for lane, seen in found if seen is None for name in lane.classes)
        tracks = self._tracker.update(frame.image, weak, frame.captured_at, unasked)
        for lane, seen in found:
            if seen is not None:
                lane.examined(frame.captured_at, seen, tracks)
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
        asked = replace(look, tracks=tuple(t for t in tracks if t.class_name not in unasked))
        return Examination(
            look=look,
            weak_detections=weak,
            findings=tuple(f for rule in self._rules for f in rule.judge(asked)),
            present=tuple(
                (rule.violation, track.box_px.scaled(1 / look.width_px, 1 / look.height_px))
                for rule in self._rules
                for track in tracks
                if track.class_name in rule.classes and _is_there(track, look, unasked)
            ),
            occluded=unit_boxes(weak, self._config.occluders, look),
            model_sha256=self.model_sha256,
        )

    def blind(self, at: datetime) -> None:
        """A look without a usable frame."""
        for lane in self._lanes:
            lane.forget()
        self._tracker.blind(at)

    def state(self) -> dict[str, Any]:
        """JSON-serialisable; `restore` continues from it after a restart."""
        return self._tracker.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._tracker.restore(state)


def _is_there(track: Track, look: Look, unasked: frozenset[str]) -> bool:
    """Seen now; or, when nobody was asked now, the last time that somebody was."""
    if track.class_name in unasked:
        return track.seen_now
    return track.last_seen_at == look.at
