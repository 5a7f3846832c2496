"""Perceptual hash of a picture: near-duplicates differ in few bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from detector.types import Box

HASH_BITS = 64
NEAR_BITS = 6
"""Two pictures whose hashes differ in at most this many bits are taken for the same picture."""


def picture_hash(image: np.ndarray) -> int:
    """64-bit DCT hash of a BGR picture: signs of the lowest frequencies against their median."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].flatten()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)


def hash_of_file(path: Path) -> int:
    """Hash of a picture file; a file that is no picture is named in the error."""
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path}: not a readable picture")
    return picture_hash(image)


def hashes_of_places(path: Path, boxes: Sequence[Box]) -> tuple[int, ...]:
    """Hash of each place in a picture file, with half its size around it; boxes in fractions."""
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path}: not a readable picture")
    height, width = image.shape[:2]
    found = []
    for box in boxes:
        across, down = box.width / 2, box.height / 2
        left, right = _span(box.x1 - across, box.x2 + across, width)
        top, bottom = _span(box.y1 - down, box.y2 + down, height)
        found.append(picture_hash(image[top:bottom, left:right]))
    return tuple(found)


def bits_apart(first: int, second: int) -> int:
    """Hamming distance of two hashes."""
    return (first ^ second).bit_count()


def near_pairs(hashes: list[int], limit: int = NEAR_BITS) -> list[tuple[int, int]]:
    """Index pairs of near-duplicates."""
    values = np.array(hashes, dtype=np.uint64)
    pairs: list[tuple[int, int]] = []
    for index in range(len(values) - 1):
        apart = np.bitwise_count(values[index + 1 :] ^ values[index])
        pairs.extend((index, index + 1 + int(other)) for other in np.flatnonzero(apart <= limit))
    return pairs


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    """Whole pixels within the picture, at least one."""
    start = min(max(int(low * length), 0), length - 1)
    return start, max(min(round(high * length), length), start + 1)
