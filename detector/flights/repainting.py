"""Paint, told by its extent: the same change of colour goes on where no structure came."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_FAINTEST = 0.2  # log units; a smaller change of colour is as likely light
_ALIKE = 0.5  # of the change: what is nearer to it is the same change
_EXTENT = 2.5  # of the piece; a structure's walls and hem are less
_NOTHING_CAME = 0.2  # mean probability on the rest of the same change


def repainted(core: Mask, hue: NDArray[np.float32], came: NDArray[np.float32], known: Mask) -> bool:
    """Whether a piece of ground is a part of something that was painted, sealed or sown anew.

    All of one picture: `core` (H, W): the piece; `hue` (2, H, W): by how much its log ratios rose;
    `came` (H, W): 0 to 1, how likely a structure came; `known` (H, W): where these were seen. A
    structure's change of colour ends at its edge. Where a whole block came, `came` is likely
    beyond the piece.
    """
    spot = np.median(hue[:, core], axis=1)
    strength = float(np.hypot.reduce(spot))
    if strength < _FAINTEST:
        return False
    away = np.hypot.reduce(hue - spot[:, None, None], axis=0)
    same = _around(core, known & (away < _ALIKE * strength))
    beyond = same & ~core
    return bool(same.sum() >= _EXTENT * core.sum() and came[beyond].mean() <= _NOTHING_CAME)


def _around(core: Mask, same: Mask) -> Mask:
    """The connected part of `same` that has most of the core, cleared of thin bridges."""
    mask = cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(mask, connectivity=4)
    shares = np.bincount(labels[core], minlength=count)
    shares[0] = 0
    most = int(shares.argmax())
    return np.asarray(labels == most if shares[most] else np.zeros_like(core), np.bool_)
