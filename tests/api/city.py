"""A small city for tests: pushed pictures, a model that sees red, everything else real."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from api.config import CityConfig, parse_config
from api.service import Service
from detector.inference.fake import FakeDetector

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
CLASSES = (
    "stall",
    "cart",
    "ground_goods",
    "person",
    "cover_ok",
    "cover_damaged",
    "cover_missing",
)
STALL_PX = (120.0, 60.0, 180.0, 120.0)
HOLE_PX = (200.0, 120.0, 240.0, 150.0)


def sees(image: np.ndarray) -> list[tuple[str, float, tuple[float, float, float, float]]]:
    """A stall where the picture is red, a hole where it is blue."""
    found = []
    if image[90, 150, 2] > 180 and image[90, 150, 0] < 90:
        found.append(("stall", 0.8, STALL_PX))
    if image[135, 220, 0] > 180 and image[135, 220, 2] < 90:
        found.append(("cover_missing", 0.95, HOLE_PX))
    return found


def model() -> FakeDetector:
    return FakeDetector(sees, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))


def picture(seed: int, *, stall: bool = False, hole: bool = False) -> bytes:
    """A JPEG of a noisy street, 320×180; no two seeds give the same bytes."""
    ground = np.random.default_rng(7).integers(70, 180, (18, 32, 3), np.uint8)
    image = cv2.resize(ground, (320, 180), interpolation=cv2.INTER_NEAREST).astype(np.int16)
    image += np.random.default_rng(seed).integers(-6, 7, image.shape, np.int16)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if stall:
        x1, y1, x2, y2 = map(int, STALL_PX)
        image[y1:y2, x1:x2] = (30, 30, 230)
    if hole:
        x1, y1, x2, y2 = map(int, HOLE_PX)
        image[y1:y2, x1:x2] = (230, 30, 30)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def config(folder: Path, **changes: Any) -> CityConfig:
    """One fixed camera and one patrol car, both of which push; a vendor is one after 60 s."""
    raw: dict[str, Any] = {
        "data_folder": folder,
        "http": {"port": 0},
        "cameras": [
            {"id": "corner", "kind": "push", "interval_s": 10},
            {"id": "car", "kind": "push", "moving": True, "tasks": ["cover"]},
        ],
        "rules": {"vendor": {"dwell_s": 60}},
        "registry": {"default": {"clear_after_looks": 2, "clear_after_s": 15}},
        "tracker": {"lost_after_looks": 2, "lost_after_s": 15},
        "evidence": {"min_free_bytes": 0},
        "looks": {"save_presence_every_s": 0},
        # The pictures are of a May long past: what they leave would be too old to be kept.
        "retention": {"presence_h": None, "processed_days": None},
    }
    return parse_config({**raw, **changes}, "test")


class City:
    """A running service and a hand that pushes pictures, one every 10 s of their own time."""

    def __init__(self, settings: CityConfig, node: str | None = None) -> None:
        self.config = settings
        self.service = Service(settings, detectors=[model()], node=node)
        self.at = START
        self._seed = 0

    def start(self) -> City:
        self.service.start()
        return self

    def push(self, count: int = 1, **content: bool) -> None:
        """Pictures of the fixed camera, each examined before the next is sent."""
        source = self.service.engine.camera("corner").source
        for _ in range(count):
            self._seed += 1
            source.submit(picture(self._seed, **content), self.at, None, "test")
            self.at += timedelta(seconds=10)
            self.wait(lambda: not source._held)

    def wait(self, condition, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)

    def restart(self, seed: int | None = None) -> City:
        """Stops and starts anew on the same data."""
        self.service.stop()
        after = City(self.config)
        after.at, after._seed = self.at, self._seed
        return after.start()
