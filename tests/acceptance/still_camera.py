"""A photograph played as a fixed camera: sensor noise, compression, slow light change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from detector.types import Frame

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai


def frames(
    photograph: np.ndarray,
    *,
    seconds: float,
    interval_s: float,
    source_id: str = "still",
    starts_at: datetime = START,
    seed: int = 0,
) -> Iterator[Frame]:
    """Looks at the photograph (H, W, 3); no two are alike, and the light drifts by ± 15 %."""
    rng = np.random.default_rng(seed)
    base = _sized(photograph).astype(np.float32)
    count = int(seconds / interval_s) + 1
    for number in range(count):
        light = 1 + 0.15 * np.sin(2 * np.pi * number / count)
        noise = rng.normal(0, 4, base.shape).astype(np.float32)
        image = np.clip(base * light + noise, 0, 255).astype(np.uint8)
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 70])
        yield Frame(
            source_id=source_id,
            seq=number,
            captured_at=starts_at + timedelta(seconds=number * interval_s),
            clock="file",
            image=cv2.imdecode(data, cv2.IMREAD_COLOR),
        )


def _sized(photograph: np.ndarray) -> np.ndarray:
    scale = 1280 / max(photograph.shape[:2])
    if scale >= 1:
        return photograph
    return cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
