"""What all pictures of a flight say together of each cell of the ground.

Pictures are put together before anything is cut out of them: a faint structure that many pictures
hint at is found, and what a single picture imagines is outvoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.flights.ground_window import GroundWindow
from detector.flights.likelihood import Bytes, Likelihood
from detector.flights.parallax import Lean

_BLOCK = 1024  # cells a side, so that the sums do not grow with the estate
_SUREST = 0.99  # no single picture is surer
_P = np.clip(np.arange(256, dtype=np.float32) / 255, 1 - _SUREST, _SUREST)
_LOGIT = np.log(_P / (1 - _P))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One picture's window, how structures lean in it, and how its planes are had: they need not
    all be in memory."""

    window: GroundWindow
    lean: Lean
    read: Callable[[], Likelihood]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fused:
    """`came`, `went` (H, W): probabilities times 255, 0 where no picture says anything."""

    window: GroundWindow
    came: Bytes
    went: Bytes


def fuse(sources: Sequence[Source]) -> Fused:
    """The mean of the pictures' log odds, weighted by the quality of their views. At least one
    source, all of one cell size."""
    window = GroundWindow.holding([source.window for source in sources])
    came = np.zeros((window.height, window.width), np.uint8)
    went = np.zeros_like(came)
    for part in _blocks(window):
        rows, columns = window.place(part)
        came[rows, columns], went[rows, columns] = _block(part, sources)
    return Fused(window=window, came=came, went=went)


def _block(part: GroundWindow, sources: Sequence[Source]) -> tuple[Bytes, Bytes]:
    sums = np.zeros((2, part.height, part.width), np.float32)
    weights = np.zeros((part.height, part.width), np.float32)
    for source in sources:
        shared = part.common(source.window)
        if shared is None:
            continue
        seen = source.read()
        here, there = part.place(shared), source.window.place(shared)
        weight = seen.weight[there].astype(np.float32)
        weights[here] += weight
        for total, plane in zip(sums, (seen.came, seen.went), strict=True):
            total[here] += _LOGIT[plane[there]] * weight
    odds = sums / np.maximum(weights, 1e-6)
    likely = np.where(weights > 0, 255 / (1 + np.exp(-odds)), 0)
    came, went = np.round(likely).astype(np.uint8)
    return came, went


def _blocks(window: GroundWindow) -> Iterator[GroundWindow]:
    for top in range(0, window.height, _BLOCK):
        for left in range(0, window.width, _BLOCK):
            height, width = min(_BLOCK, window.height - top), min(_BLOCK, window.width - left)
            yield window.part(top, left, height, width)


def fraction(plane: Bytes) -> NDArray[np.float32]:
    """Probabilities 0 to 1."""
    return plane.astype(np.float32) / np.float32(255)
