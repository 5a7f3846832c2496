"""What one pass of a network costs on this CPU."""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from detector.inference.backend import Backend
from detector.inference.cpu import cpu_name
from training.manifest import Timing

_PASSES: Final = 20


def core_timing(engine: Backend, size_px: tuple[int, int]) -> Timing:
    """Least CPU time of a pass at that width and height: what else runs on a shared core only ever
    adds to it, for whole seconds at a time.

    The engine must have been made for one thread.
    """
    picture = np.random.default_rng(0).random((1, 3, size_px[1], size_px[0]), np.float32)
    engine.run(picture)
    spent_s = []
    for _ in range(_PASSES):
        began_s = time.process_time()
        engine.run(picture)
        spent_s.append(time.process_time() - began_s)
    return Timing(look_core_s=round(min(spent_s), 4), threads=1, cpu=cpu_name())
