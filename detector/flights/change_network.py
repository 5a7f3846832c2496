"""The small network that tells ground where a structure came from where one went, and all else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from detector.types import ModelError

CLASSES: Final = ("other", "added", "removed")
FILE: Final = "network.json"
_GRAIN = 8  # the network halves the place three times
_SWAPPED_DAYS = [3, 4, 5, 0, 1, 2, 6]
_SWAPPED = [CLASSES.index(name) for name in ("other", "removed", "added")]

Planes = NDArray[np.float32]


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

    def __call__(self, planes: Planes) -> Planes:
        """Probabilities (3, H, W) of `CLASSES` for `change_planes` (7, H, W): the mean over both
        orders of the days, so that a pair and its reverse say the same."""
        _, height, width = planes.shape
        room = [(0, 0), (0, -height % _GRAIN), (0, -width % _GRAIN)]
        padded = np.pad(planes, room).astype(np.float32)
        one = self._probabilities(padded)
        other = self._probabilities(padded[_SWAPPED_DAYS])[_SWAPPED]
        return np.asarray((one + other)[:, :height, :width] / 2, np.float32)

    def _probabilities(self, planes: Planes) -> Planes:
        logits = self._session.run(None, {"planes": planes[None]})[0][0]
        raised = np.exp(logits - logits.max(axis=0))
        return np.asarray(raised / raised.sum(axis=0), np.float32)
