"""Judges changed ground: did a structure come, did one go, or is it something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.flights.candidate import CandidateConfig, candidates
from detector.flights.change_map import ChangeMap
from detector.flights.change_network import CLASSES
from detector.flights.change_planes import STEP, change_planes

# Of change planes (7, H, W): the probabilities (3, H, W) of CLASSES.
Judge = Callable[[NDArray[np.float32]], NDArray[np.float32]]
_CAME, _WENT = CLASSES.index("added"), CLASSES.index("removed")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A piece of ground with the mean probabilities (0 to 1) that a structure came or went there.

    `corners` (4, 2) in cells.
    """

    corners: NDArray[np.float64]
    came: float
    went: float
    area_m2: float


def judge(
    change: ChangeMap,
    valid: NDArray[np.bool_],
    cell_m: float,
    network: Judge,
    config: CandidateConfig,
) -> list[Judged]:
    """Pieces where something came, then those where something went."""
    likely = network(change_planes(change, valid))
    found = []
    for kind in (_CAME, _WENT):
        for one in candidates(likely[kind], cell_m * STEP, config):
            inside = likely[:, *one.inside].mean(axis=1, dtype=np.float64)
            found.append(
                Judged(
                    # A pixel's middle lies between the middles of its cells.
                    corners=one.corners * STEP + (STEP - 1) / 2,
                    came=float(inside[_CAME]),
                    went=float(inside[_WENT]),
                    area_m2=one.area_px * (cell_m * STEP) ** 2,
                )
            )
    return found
