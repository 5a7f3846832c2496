"""A model that stands before another and speaks in its name."""

from __future__ import annotations

from detector.types import Detector


class WrappedModel:
    """All of a `Detector` but `detect`, which is for whoever wraps it."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    @property
    def name(self) -> str:
        return self._detector.name

    @property
    def classes(self) -> tuple[str, ...]:
        return self._detector.classes

    @property
    def sha256(self) -> str:
        return self._detector.sha256

    @property
    def thresholds(self) -> dict[str, float]:
        return self._detector.thresholds
