"""Says when a camera delivers pictures that show nothing, or another place than before."""

from __future__ import annotations

import base64
import statistics
from collections import deque
from datetime import datetime
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.types import BlindReason, Frame

_WIDTH_PX = 320
_MIN_HISTORY = 5
_Verdict = tuple[BlindReason, str]


class TrustConfig(BaseModel):
    """Limits on a grey copy 320 px wide; luma from 0 to 255."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    black_mean_luma: float = Field(default=12, ge=0)
    black_p99_luma: float = Field(default=35, ge=0)
    over_mean_luma: float = Field(default=243, le=255)
    over_p1_luma: float = Field(default=200, le=255)
    blur_share: float = Field(default=0.25, gt=0, lt=1)
    blur_floor: float = Field(default=60, ge=0)  # variance of the Laplacian
    blur_history_looks: int = Field(default=60, ge=_MIN_HISTORY)
    frozen_after_s: float = Field(default=60, gt=0)
    check_frozen: bool = True  # only for paced live sources
    check_view: bool = True  # only for fixed cameras
    view_looks: int = Field(default=3, ge=1)
    view_min_features: int = Field(default=60, ge=4)
    view_min_matches: int = Field(default=12, ge=4)
    view_max_shift_share: float = Field(default=0.08, gt=0)  # of the picture's width


class TrustCheck:
    """Judges one source's frames in order."""

    def __init__(self, config: TrustConfig | None = None) -> None:
        self._config = config or TrustConfig()
        self._sharpness: deque[float] = deque(maxlen=self._config.blur_history_looks)
        self._grey: NDArray[np.uint8] | None = None
        self._same_since: datetime | None = None
        self._view = _View(self._config)

    def check(self, frame: Frame) -> _Verdict | None:
        """Why the frame shows nothing that can be judged; None: it can be used."""
        grey = _small_grey(frame.image)
        frozen = self._frozen(grey, frame.captured_at)
        verdict = self._exposure(grey) or frozen or self._blur(grey)
        if verdict is not None or not self._config.check_view:
            return verdict
        return self._view.check(grey)

    def state(self) -> dict[str, Any]:
        """What must outlive a restart, ready for JSON."""
        return {"sharpness": list(self._sharpness), "reference": self._view.reference_text()}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes state() back; what is damaged in it is left out."""
        sharpness = state.get("sharpness")
        if isinstance(sharpness, list):
            self._sharpness.extend(float(v) for v in sharpness if isinstance(v, int | float))
        if isinstance(state.get("reference"), str):
            self._view.restore(state["reference"])

    def reset_view(self) -> None:
        """A person has moved the camera on purpose: the next picture is the new reference."""
        self._view = _View(self._config)

    def _exposure(self, grey: NDArray[np.uint8]) -> _Verdict | None:
        config, mean = self._config, float(grey.mean())
        low, high = (float(v) for v in np.percentile(grey, (1, 99)))
        if mean < config.black_mean_luma and high < config.black_p99_luma:
            return BlindReason.BLACK, f"black: mean luma {mean:.0f}"
        if mean > config.over_mean_luma and low > config.over_p1_luma:
            return BlindReason.OVEREXPOSED, f"overexposed: mean luma {mean:.0f}"
        return None

    def _blur(self, grey: NDArray[np.uint8]) -> _Verdict | None:
        sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
        config, history = self._config, self._sharpness
        usual = statistics.median(history) if len(history) >= _MIN_HISTORY else None
        if usual and sharpness < min(usual * config.blur_share, config.blur_floor):
            return BlindReason.BLURRED, f"blurred: sharpness {sharpness:.0f}, usually {usual:.0f}"
        history.append(sharpness)  # blurred looks do not count as usual
        return None

    def _frozen(self, grey: NDArray[np.uint8], at: datetime) -> _Verdict | None:
        if not self._config.check_frozen:
            return None
        if self._grey is None or self._same_since is None or not np.array_equal(grey, self._grey):
            self._grey, self._same_since = grey, at
            return None
        lasted_s = (at - self._same_since).total_seconds()
        if lasted_s < self._config.frozen_after_s:
            return None
        return BlindReason.FROZEN, f"frozen: the same picture for {lasted_s:.0f} s"


class _View:
    """Compares with a reference by ORB features; what lacks texture cannot be judged."""

    def __init__(self, config: TrustConfig) -> None:
        self._config = config
        self._orb = cv2.ORB.create(nfeatures=800, fastThreshold=10)
        self._matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
        self._reference: NDArray[np.uint8] | None = None
        self._points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self._marks: Any = None
        self._drift = np.zeros(2)  # of the followed reference since the first one, pixels
        self._misses: deque[NDArray[np.uint8]] = deque(maxlen=config.view_looks)

    def check(self, grey: NDArray[np.uint8]) -> _Verdict | None:
        if self._reference is None or self._reference.shape != grey.shape:
            self._adopt(grey)
            return None
        points, marks = self._features(grey)
        few = self._config.view_min_features
        if min(len(points), len(self._points)) < few:
            if len(self._points) < few <= len(points):
                self._adopt(grey)  # the reference was taken in fog or at night
            return None
        shift = self._shift(points, marks, self._points, self._marks, grey.shape[1])
        limit_px = self._config.view_max_shift_share * grey.shape[1]
        if shift is not None and np.linalg.norm(self._drift + shift) <= limit_px:
            self._drift = self._drift + shift
            self._adopt(grey)  # follows light and season, but never far from the first view
            self._misses.clear()
            return None
        self._misses.append(grey)
        if len(self._misses) < self._config.view_looks or not self._misses_agree():
            return None
        return BlindReason.VIEW_MOVED, "the camera shows another view than before"

    def reference_text(self) -> str | None:
        if self._reference is None:
            return None
        done, data = cv2.imencode(".jpg", self._reference, [cv2.IMWRITE_JPEG_QUALITY, 95])
        return base64.b64encode(data.tobytes()).decode() if done else None

    def restore(self, text: str) -> None:
        try:
            raw = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
            grey = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE)
        except (ValueError, cv2.error):
            return
        if grey is not None:
            self._adopt(np.asarray(grey, np.uint8))

    def _adopt(self, grey: NDArray[np.uint8]) -> None:
        self._reference = grey
        self._points, self._marks = self._features(grey)

    def _features(self, grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Any]:
        keypoints, marks = self._orb.detectAndCompute(grey, None)
        points = np.array([k.pt for k in keypoints], np.float32).reshape(-1, 2)
        return points, marks

    def _shift(
        self,
        points: NDArray[np.float32],
        marks: Any,
        old: NDArray[np.float32],
        olds: Any,
        width: int,
    ) -> NDArray[np.float64] | None:
        """How far the view lies from the old one; None where too few features stand near where
        they stood. Passers-by hide only some of them."""
        pairs = [m for m in self._matcher.match(marks, olds) if m.distance < 64]
        moves = np.array([points[m.queryIdx] - old[m.trainIdx] for m in pairs], np.float64)
        moves = moves.reshape(-1, 2)
        limit_px = self._config.view_max_shift_share * width
        near = moves[np.linalg.norm(moves, axis=1) < limit_px]
        if len(near) < max(self._config.view_min_matches, 0.05 * len(points)):
            return None
        shift = np.median(near, axis=0)
        return np.where(np.abs(shift) < 0.5, 0.0, shift)

    def _misses_agree(self) -> bool:
        """A moved camera shows one new place; rain or a passing crowd shows none twice."""
        points, marks = self._features(self._misses[-1])
        first, firsts = self._features(self._misses[0])
        width = self._misses[0].shape[1]
        return self._shift(points, marks, first, firsts, width) is not None


def _small_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = max(1, round(image.shape[0] * _WIDTH_PX / image.shape[1]))
    small = cv2.resize(image, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
