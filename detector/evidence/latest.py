"""The newest picture of each source, for pages that watch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.evidence.hidden_region import MaskingConfig
from detector.evidence.jpeg import encode_jpeg, quickly_shrunk
from detector.evidence.masking import PolygonUnit, mask
from detector.types import Detections, Frame


class LatestConfig(BaseModel):
    """How the small pictures are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest_px: int = Field(default=640, ge=64)
    jpeg_quality: int = Field(default=75, ge=1, le=100)
    masking: MaskingConfig = MaskingConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestPicture:
    """A masked JPEG, and when its frame was taken."""

    jpeg: bytes
    captured_at: datetime  # aware, the source's clock


class _Entry:
    """One look, shrunk; masked and encoded when it is first asked for."""

    def __init__(
        self, frame: Frame, detections: Detections, polygons: Sequence[PolygonUnit], longest_px: int
    ) -> None:
        # Shrinking now costs a millisecond; holding a full frame of each camera costs gigabytes.
        self._image, scale = quickly_shrunk(frame.image, longest_px)
        self._detections = _scaled(detections, scale)
        self._polygons = polygons
        self._captured_at = frame.captured_at
        self._picture: LatestPicture | None = None
        self._lock = threading.Lock()

    def picture(self, config: LatestConfig) -> LatestPicture:
        with self._lock:
            if self._picture is None:
                masked = self._masked(config.masking)
                jpeg = encode_jpeg(masked, config.jpeg_quality)
                self._picture = LatestPicture(jpeg=jpeg, captured_at=self._captured_at)
            return self._picture

    def _masked(self, config: MaskingConfig) -> NDArray[np.uint8]:
        return mask(self._image, self._detections, config, self._polygons)


class LatestPictures:
    """Newest masked picture by source. Safe between threads; an unwatched source costs next to
    nothing."""

    def __init__(self, config: LatestConfig) -> None:
        self._config = config
        self._entries: dict[str, _Entry] = {}

    def remember(
        self,
        frame: Frame,
        detections: Detections,
        privacy_polygons_unit: Sequence[PolygonUnit] = (),
    ) -> None:
        """Takes the place of the source's earlier frame; detections with the weak ones."""
        self._entries[frame.source_id] = _Entry(
            frame, detections, privacy_polygons_unit, self._config.longest_px
        )

    def picture(self, source_id: str) -> LatestPicture | None:
        """None before the source's first look. Raises ConfigError where masking cannot work."""
        entry = self._entries.get(source_id)
        return entry.picture(self._config) if entry else None

    def forget(self, source_id: str) -> None:
        """For a source that was removed."""
        self._entries.pop(source_id, None)


def _scaled(detections: Detections, scale: float) -> Detections:
    return Detections(
        xyxy_px=(detections.xyxy_px * scale).astype(np.float32),
        score=detections.score,
        class_id=detections.class_id,
        classes=detections.classes,
    )
