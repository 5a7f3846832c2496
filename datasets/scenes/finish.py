"""From linear light to a surveillance picture: exposure, haze, lens blur, noise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    key: float = 0.2
    """Where the mean brightness is put, linear."""
    haze_per_m: float = 0.002
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur_px: float = 0.5
    noise: float = 0.01
    sharpen: float = 0.4


def random_finish(rng: Random, night: bool) -> Finish:
    warm = rng.uniform(-0.07, 0.07)
    return Finish(
        key=rng.uniform(0.06, 0.13) if night else rng.uniform(0.14, 0.26),
        haze_per_m=rng.choice((0.001, 0.002, 0.004, 0.008)) * (0.2 if night else 1.0),
        white=(1 + warm, 1.0, 1 - warm),
        blur_px=rng.uniform(0.35, 0.9),
        noise=rng.uniform(0.012, 0.035) if night else rng.uniform(0.004, 0.015),
        sharpen=rng.uniform(0.0, 0.8),
    )


def gain_for(rgb: NDArray[np.float32], key: float) -> float:
    """What an auto-exposure would multiply by."""
    grey = np.minimum(rgb.mean(axis=-1), 4.0)
    return float(key / (0.6 * np.exp(np.log(grey + 1e-3).mean()) + 0.4 * grey.mean() + 1e-4))


def develop(
    rgb: NDArray[np.float32], depth_m: NDArray[np.float32], finish: Finish, gain: float, seed: int
) -> NDArray[np.uint8]:
    """An 8-bit BGR picture."""
    rng = np.random.default_rng(seed)
    light = rgb * gain
    veil = 1 - np.exp(-np.minimum(depth_m, 150) * finish.haze_per_m)[..., None]
    light = light * (1 - veil) + veil * min(0.75, float(finish.key) * 2.6)
    light = light * np.array(finish.white, np.float32)
    light = cv2.GaussianBlur(light, (0, 0), finish.blur_px)
    grain = rng.normal(0, 1, light.shape).astype(np.float32)
    light = np.maximum(light + grain * finish.noise * np.sqrt(np.maximum(light, 0) + 0.01), 0)
    curve = light * (1 + light / 9.0) / (1 + light * 0.75)
    shown = np.where(
        curve < 0.0031308, curve * 12.92, 1.055 * np.maximum(curve, 1e-6) ** (1 / 2.4) - 0.055
    )
    shown = shown - 0.05 * np.sin(2 * np.pi * np.clip(shown, 0, 1))
    if finish.sharpen > 0:
        shown = shown + finish.sharpen * (shown - cv2.GaussianBlur(shown, (0, 0), 1.2))
    return np.asarray(np.clip(shown[..., ::-1] * 255, 0, 255).astype(np.uint8), dtype=np.uint8)


def write_developed(
    path: Path,
    rgb: NDArray[np.float32],
    depth_m: NDArray[np.float32],
    finish: Finish,
    rng: Random,
    qualities: tuple[int, int],
) -> None:
    """A JPEG, exposed as a camera would by itself; its quality is drawn below the second one."""
    picture = develop(rgb, depth_m, finish, gain_for(rgb, finish.key), rng.randrange(2**31))
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, rng.randrange(*qualities)])
