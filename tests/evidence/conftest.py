"""Small pictures and detections for the evidence tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.evidence import Sealer
from detector.types import Detections, Frame
from detector.types.taxonomy import STREET_CLASSES

TAKEN_AT = datetime(2026, 11, 24, 2, 15, 3, tzinfo=UTC)

Row = tuple[str, float, tuple[float, float, float, float]]


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    """A picture in which every pixel is information: 480×640."""
    return np.random.default_rng(7).integers(0, 256, (480, 640, 3), np.uint8)


@pytest.fixture
def detected() -> Callable[..., Detections]:
    """Builds detections of the street model from (class, score, xyxy_px) rows."""

    def build(*rows: Row) -> Detections:
        return Detections(
            xyxy_px=np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
            score=np.array([row[1] for row in rows], np.float32),
            class_id=np.array([STREET_CLASSES.index(row[0]) for row in rows], np.int32),
            classes=STREET_CLASSES,
        )

    return build


@pytest.fixture
def framed() -> Callable[..., Frame]:
    def build(image: NDArray[np.uint8], source_id: str = "cam-1", seq: int = 0) -> Frame:
        return Frame(
            source_id=source_id, seq=seq, captured_at=TAKEN_AT, clock="stream", image=image
        )

    return build


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(bytes(range(32)))
