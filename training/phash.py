"""Perceptual hash of a picture: near-duplicates differ in few bits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

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
