"""Storm grates: lids with slots through which water runs off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from near.lid import LID_PX, Lid, lid_grid
from near.noise import step
from near.plane import Surface


def random_grate(rng: np.random.Generator, lid: Lid) -> Lid:
    """The lid with rows of slots, or with a grid of square holes."""
    u, v = lid_grid()
    edge = float(rng.uniform(0.82, 0.92))
    count, bar = float(rng.uniform(3, 9)), float(rng.uniform(0.2, 0.32))
    across = abs((u * count) % 1 - 0.5)
    slot = step(-across, -(0.5 - bar), 0.08)
    rows = float(rng.choice((0.5, 1.0, 1.5, count)))
    along = abs((v * rows) % 1 - 0.5)
    slot = slot * step(-along, -(0.5 - (bar if rows == count else 0.06)), 0.05)
    inside = step(-lid.shape.far(u, v), -edge, 0.01)
    surface = Surface.flat(LID_PX)
    surface.albedo[:] = lid.surface.albedo
    surface.gloss[:] = lid.surface.gloss
    surface.gone[:] = slot * inside
    return replace(lid, surface=surface)
