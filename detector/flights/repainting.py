"""Paint, told by its extent: the same change of colour is met where no structure came."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.mask import Mask, widened

_FAINTEST = 0.3  # log units; a smaller change of colour is as likely light
_ALIKE = 0.5  # of the change: what is nearer to it is the same change
_HEM = 5  # cells: side of what widens a piece by its own walls and by what the network draws
_EXTENT = 0.3  # of the piece; a few cells are alike by chance
_NOTHING_CAME = 0.17  # mean probability on the rest of the same change


def repainted(core: Mask, hue: NDArray[np.float32], came: NDArray[np.float32], known: Mask) -> bool:
    """Whether a piece of ground is a part of something that was painted, sealed, roofed or sown
    anew.

    All of one picture: `core` (H, W): the piece; `hue` (2, H, W): by how much its log ratios rose;
    `came` (H, W): 0 to 1, how likely a structure came; `known` (H, W): where these were seen. A
    structure's change of colour ends at its edge. What was painted need not hang together: a roof
    has ridges and gutters. Where a whole block came, `came` is likely beyond the piece.
    """
    spot = np.median(hue[:, core], axis=1)
    strength = float(np.hypot.reduce(spot))
    if strength < _FAINTEST:
        return False
    away = np.hypot.reduce(hue - spot[:, None, None], axis=0)
    same = _cleared(known & (away < _ALIKE * strength) & ~widened(core, _HEM))
    return bool(same.sum() >= _EXTENT * core.sum() and came[same].mean() <= _NOTHING_CAME)


def _cleared(mask: Mask) -> Mask:
    """Without what is thinner than three cells: edges that lie a little off each other."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(opened, np.bool_)
