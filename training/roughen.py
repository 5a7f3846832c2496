"""Makes a clean picture look like a poor one: squeezed, equalised, noisy, compressed again."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

LONGEST_PX = 640
"""Rough copies are no larger than this: what is added would be lost in scaling down."""


def seed_of(name: str, number: int) -> int:
    """The same copy of the same picture is made alike each time."""
    return zlib.crc32(f"{name}#{number}".encode())


def roughened(image: np.ndarray, seed: int) -> np.ndarray:
    """A BGR picture in poor quality; fractions of its width and height stay where they were."""
    chance = np.random.default_rng(seed)
    result = _squeezed(image, chance)
    if chance.random() < 0.4:
        result = _equalised(result, chance)
    if chance.random() < 0.5:
        result = _blurred(result, chance)
    if chance.random() < 0.6:
        noise = chance.normal(0, chance.uniform(3, 14), result.shape)
        result = np.clip(result + noise, 0, 255).astype(np.uint8)
    quality = int(chance.integers(30, 85))
    _, data = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _squeezed(image: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    stretch = float(np.exp(chance.uniform(-0.35, 0.35)))
    scale = min(1.0, LONGEST_PX / max(width * stretch, height / stretch))
    size = (max(round(width * stretch * scale), 32), max(round(height / stretch * scale), 32))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _equalised(image: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    tiles = int(chance.integers(1, 9))
    clahe = cv2.createCLAHE(clipLimit=float(chance.uniform(2, 6)), tileGridSize=(tiles, tiles))
    lab[..., 0] = clahe.apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))


def _blurred(image: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    factor = float(chance.uniform(1.2, 2.5))
    small = cv2.resize(
        image,
        (max(round(width / factor), 16), max(round(height / factor), 16)),
        interpolation=cv2.INTER_AREA,
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
