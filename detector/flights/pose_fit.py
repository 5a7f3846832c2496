"""Fits a picture's pose to points whose place on the ground is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.geometry.camera_model import View
from detector.geometry.pose_error import PoseError, ground_jacobian, moved

_POINT_M = 0.15  # how exactly a matched point lies, one sigma
_HUBER = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoseFit:
    """The refined view; `away_m` (N,) is how far each point still lies from its place."""

    view: View
    away_m: NDArray[np.float64]
    shift: NDArray[np.float64]  # (6,) against the telemetry, in its sigmas


def fit_pose(
    view: View,
    error: PoseError,
    uv_px: NDArray[np.float64],
    ground_m: NDArray[np.float64],
    rounds: int = 8,
) -> PoseFit:
    """Gauss-Newton over east, north, up, yaw, pitch and roll, held by the telemetry's sigmas.

    Points that lie far away count less (Huber), so that some wrong matches do no harm.
    """
    spread = np.maximum(np.array(error.spread()), 1e-3)
    change = np.zeros(6)
    now = view
    for _ in range(rounds):
        miss = ground_m - now.to_ground(uv_px)
        jacobian = ground_jacobian(now, uv_px)
        good = np.isfinite(miss).all(axis=1) & np.isfinite(jacobian).all(axis=(1, 2))
        away = np.hypot(*miss[good].T)
        weight = np.minimum(1.0, _HUBER * _POINT_M / np.maximum(away, 1e-9)) / _POINT_M**2
        flat = jacobian[good]
        normal = np.einsum("n,nij,nik->jk", weight, flat, flat) + np.diag(1 / spread**2)
        pull = np.einsum("n,nij,ni->j", weight, flat, miss[good]) - change / spread**2
        step = np.linalg.solve(normal, pull)
        change += step
        now = moved(view, change)
        if np.abs(step / spread).max() < 1e-4:
            break
    left = ground_m - now.to_ground(uv_px)
    away_m = np.nan_to_num(np.hypot(*left.T), nan=np.inf)
    return PoseFit(view=now, away_m=away_m, shift=change / spread)
