"""The mosaic that hides a region for good."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.evidence.hidden_region import HiddenRegion


def paint_mosaic(
    target: NDArray[np.uint8], original: NDArray[np.uint8], region: HiddenRegion
) -> None:
    """Writes blocks of one colour over the region of `target`; both pictures are (H, W, 3) uint8.

    A block's colour is the mean of the original under it, kept to 16 levels a channel. Blocks lie
    on a grid fixed to the picture, so that a parked car gives the same blocks on every picture and
    many pictures together tell no more than one.
    """
    height_px, width_px = original.shape[:2]
    x1, x2 = max(0, region.x1_px), min(width_px, region.x2_px)
    y1, y2 = max(0, region.y1_px), min(height_px, region.y2_px)
    if x1 >= x2 or y1 >= y2:
        return
    block = region.block_px
    left, top = x1 // block * block, y1 // block * block
    colours = _block_colours(original[top : _ceil(y2, block), left : _ceil(x2, block)], block)
    blocks = colours.repeat(block, axis=0).repeat(block, axis=1)
    target[y1:y2, x1:x2] = blocks[y1 - top : y2 - top, x1 - left : x2 - left]


def _ceil(value: int, step: int) -> int:
    return -(-value // step) * step


def _block_colours(crop: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """(rows, columns, 3): one coarse colour a block; blocks cut by the picture's edge included."""
    height_px, width_px = crop.shape[:2]
    below, right = -height_px % block, -width_px % block
    whole = cv2.copyMakeBorder(crop, 0, below, 0, right, cv2.BORDER_REPLICATE)
    size = (whole.shape[1] // block, whole.shape[0] // block)
    means = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    return (means & np.uint8(0xF0)) | np.uint8(0x08)
