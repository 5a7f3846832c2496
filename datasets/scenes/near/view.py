"""Where the picture is taken from, and what each of its pixels meets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from lens import Pinhole
from numpy.typing import NDArray

from near.chance import any_of
from near.noise import turned


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Pinhole):
    """A camera held in any way above the ground, which is at 0."""

    eye: NDArray[np.float32]  # (3,)
    turn: NDArray[np.float32]  # (3, 3), rows: right, down, forward
    focal_px: float
    width_px: int
    height_px: int

    def ways(self, finer: float) -> NDArray[np.float32]:
        """(H, W, 3) directions of a raster so many times finer, not of length 1."""
        wide, tall = round(self.width_px * finer), round(self.height_px * finer)
        x = ((np.arange(wide) + 0.5) / finer - self.width_px / 2) / self.focal_px
        y = ((np.arange(tall) + 0.5) / finer - self.height_px / 2) / self.focal_px
        right, down = np.meshgrid(x, y)
        rays = np.stack([right, down, np.ones_like(right)], -1).astype(np.float32)
        return np.asarray(rays @ self.turn, np.float32)

    def place(self) -> NDArray[np.float32]:
        return self.eye

    def axes(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        right, down, forward = self.turn
        return right, down, forward


_SIZES = ((512, 512), (640, 480), (480, 640), (640, 428), (400, 600), (600, 600))


def random_view(rng: np.random.Generator, share: float, radius_m: float) -> View:
    """Someone bends over or stands off, so that the cover takes that share of the picture."""
    wide, tall = any_of(rng, _SIZES)
    focal = min(wide, tall) * float(rng.uniform(0.8, 1.5))
    away = 2 * radius_m * focal / (share * min(wide, tall))
    flattest = 80 if away > 2 else 64
    tilt = np.radians(float(flattest * rng.beta(*((2.2, 1.2) if away > 2 else (1.6, 1.6)))))
    bearing, roll = rng.uniform(0, 2 * np.pi), np.radians(rng.normal(0, 4))
    eye = away * np.array(
        [np.sin(tilt) * np.cos(bearing), np.sin(tilt) * np.sin(bearing), np.cos(tilt)]
    )
    span = min(wide, tall) / focal * away / 2 * max(0.0, 1 - share)
    target = np.array([*(rng.uniform(-0.7, 0.7, 2) * span), 0.0])
    forward = target - eye
    forward /= np.linalg.norm(forward)
    upward = np.array([-np.cos(bearing), -np.sin(bearing), 0.2])
    right = np.cross(forward, upward)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    turn = np.stack([*turned(right, down, roll), forward])
    return View(
        eye=eye.astype(np.float32),
        turn=turn.astype(np.float32),
        focal_px=focal,
        width_px=wide,
        height_px=tall,
    )
