"""Models of one camera that are asked at the same pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from detector.pipeline.carrying import CarryConfig, Carrying
from detector.pipeline.model_set import ModelSet
from detector.tracking import TrackerConfig
from detector.types import Detections, Detector, Frame, Track

_EARLY: Final = 0.9  # of the pace: looks do not come to the millisecond
_HURRY_LOOKS: Final = 12  # sightings after which a thing needs no more looks out of turn
_SURE_SHARE: Final = 0.9  # of the votes for a thing's class

Paces = Mapping[str, float]
"""Seconds between two questions to a model, by its name; a model without one sees every look."""


class Lane:
    """A cover does not move, so its model need not see every look that a vendor's dwell needs. Once
    something is seen, every look counts until it has been seen often enough to be judged."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        every_s: float,
        carry: CarryConfig,
        tracker: TrackerConfig,
    ) -> None:
        self.models = ModelSet(detectors)
        self.classes = frozenset(name for model in detectors for name in model.classes)
        self.carried_looks = 0
        self._every_s = every_s
        self._tracker = tracker
        self._carrying = Carrying(carry, tracker)
        self._asked_at: datetime | None = None
        self._was_carried = False
        self._hurry = False

    def see(self, frame: Frame) -> Detections | None:
        """What is on the picture; None: it is not this lane's turn."""
        if not self._due(frame.captured_at):
            return None
        self._asked_at = frame.captured_at
        carried = self._carrying.carried(frame)
        self._was_carried = carried is not None
        if carried is None:
            return self.models.see_each_once(frame.image, self._tracker)
        self.carried_looks += 1
        return carried

    def examined(self, at: datetime, found: Detections, tracks: Sequence[Track]) -> None:
        """After a look that was its turn; `tracks` as they are now."""
        own = [track for track in tracks if track.class_name in self.classes]
        self._hurry = any(track.seen_now and _is_undecided(track) for track in own)
        if not self._was_carried:
            self._carrying.examined(at, found, own, self.models.thresholds)

    def forget(self) -> None:
        """A blind look came between: nothing is carried past it."""
        self._carrying.forget()

    def _due(self, at: datetime) -> bool:
        if self._asked_at is None or self._hurry:
            return True
        return not 0 <= (at - self._asked_at).total_seconds() < _EARLY * self._every_s


def _is_undecided(track: Track) -> bool:
    """Not seen often enough, or of two classes lately: a cover that was there may be gone."""
    return track.strong_looks < _HURRY_LOOKS or track.class_share < _SURE_SHARE


def lanes_of(
    detectors: Sequence[Detector], paces: Paces, carry: CarryConfig, tracker: TrackerConfig
) -> tuple[Lane, ...]:
    """One lane a pace, quickest first."""
    by_pace: dict[float, list[Detector]] = {}
    for model in detectors:
        by_pace.setdefault(paces.get(model.name, 0.0), []).append(model)
    return tuple(Lane(by_pace[pace], pace, carry, tracker) for pace in sorted(by_pace))
