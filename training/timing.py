"""What one pass of a network costs on this CPU."""

from __future__ import annotations

from typing import Final

import numpy as np

from detector.inference.backend import Backend
from detector.inference.choice import pass_ms
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
    least_ms = min(pass_ms(engine, picture) for _ in range(_PASSES))
    return Timing(look_core_s=round(least_ms / 1000, 4), threads=1, cpu=cpu_name())
