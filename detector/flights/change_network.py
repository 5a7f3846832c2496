"""The small network that tells a structure that came from one that went and from all else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from detector.flights.candidate import Candidate
from detector.types import ModelError

CLASSES: Final = ("other", "added", "removed")
SIDE: Final = 64
REACH_M: Final = 12.0  # ground that a patch shows, side to side
FILE: Final = "network.json"
_SWAPPED = [CLASSES.index(name) for name in ("other", "removed", "added")]

Planes = NDArray[np.float32]


def patch_of(
    candidate: Candidate, planes: tuple[Planes, Planes], cell_m: float
) -> NDArray[np.float32]:
    """(7, 64, 64): both days' log brightness and hues around a candidate, its own brightness
    middle taken off, and the candidate's rectangle."""
    middle = candidate.corners.mean(axis=0)
    reach = max(REACH_M, max(candidate.sides) * cell_m * 1.5) / cell_m
    step = reach / SIDE
    start = middle - reach / 2 + step / 2
    turn = np.array([[step, 0, start[0]], [0, step, start[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    days = [
        np.asarray(
            cv2.warpAffine(p, turn, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )
        for p in planes
    ]
    level = float(np.median(days[0][..., 0]))
    for day in days:
        day[..., 0] -= level
    mask = np.zeros((SIDE, SIDE), np.float32)
    ring = np.round((candidate.corners - start) / step * 16).astype(np.int32)
    cv2.fillPoly(mask, [ring], 1.0, cv2.LINE_8, 4)
    both = np.concatenate([day.transpose(2, 0, 1) for day in days] + [mask[None]])
    return np.clip(both, -2.5, 2.5).astype(np.float32)


class ChangeNetwork:
    """Loaded from a folder with `network.json` and its weights."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        """Raises ModelError naming what is missing or damaged."""
        try:
            told = json.loads((folder / FILE).read_text(encoding="utf-8"))
            weights = folder / told["weights"]["file"]
            data = weights.read_bytes()
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"{folder}: no usable {FILE} with its weights: {error}") from error
        self.sha256 = hashlib.sha256(data).hexdigest()
        if self.sha256 != told["weights"]["sha256"]:
            raise ModelError(f"{weights}: sha256 is {self.sha256}, {FILE} says otherwise")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, patches: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Probabilities (N, 3) of `CLASSES`: the mean over four turns and over both orders of the
        days, of which each says the same."""
        if not patches:
            return np.zeros((0, len(CLASSES)))
        stacked = np.stack(patches).astype(np.float32)
        total = np.zeros((len(patches), len(CLASSES)))
        for quarter in range(4):
            turned = np.ascontiguousarray(np.rot90(stacked, quarter, axes=(2, 3)))
            total += self._probabilities(turned)
            swapped = np.concatenate([turned[:, 3:6], turned[:, :3], turned[:, 6:]], axis=1)
            total += self._probabilities(swapped)[:, _SWAPPED]
        return total / 8

    def _probabilities(self, patches: NDArray[np.float32]) -> NDArray[np.float64]:
        logits = self._session.run(None, {"patches": patches})[0]
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)
