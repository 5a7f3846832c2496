"""How far a point on the ground may be off, from what is uncertain about the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.geometry.camera_model import View

_SHARE_95 = 2.4477  # radius, in sigmas, that holds 95 % of a round two-dimensional error
_FLOOR_M = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseError:
    """One-sigma uncertainties of a view. `surface_m` is that of the surface's own height."""

    east_m: float
    north_m: float
    up_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    surface_m: float = 0.0

    def spread(self) -> tuple[float, ...]:
        """Sigmas of (east, north, up, yaw, pitch, roll)."""
        return (
            self.east_m,
            self.north_m,
            math.hypot(self.up_m, self.surface_m),
            self.yaw_deg,
            self.pitch_deg,
            self.roll_deg,
        )


FIELDS = ("east_m", "north_m", "up_m", "yaw_deg", "pitch_deg", "roll_deg")


def moved(view: View, change: NDArray[np.float64]) -> View:
    """The view with (east, north, up, yaw, pitch, roll) changed by `change` (6,)."""
    return replace(
        view,
        **{name: getattr(view, name) + float(by) for name, by in zip(FIELDS, change, strict=True)},
    )


def ground_jacobian(view: View, uv_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2, 6): how the ground point of each pixel moves with the view, by differences."""
    steps = (0.01, 0.01, 0.01, 0.01, 0.01, 0.01)
    parts = []
    for i, step in enumerate(steps):
        change = np.zeros(6)
        change[i] = step
        ahead = moved(view, change).to_ground(uv_px)
        behind = moved(view, -change).to_ground(uv_px)
        parts.append((ahead - behind) / (2 * step))
    return np.stack(parts, axis=-1)


def error_radii_m(view: View, error: PoseError, uv_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radius (N,) around each pixel's ground point that holds the truth in 95 of 100 cases.

    Linear in the uncertainties, with the widest axis of the error ellipse as the radius.
    Infinite where the pixel looks at or over the horizon.
    """
    jacobian = ground_jacobian(view, uv_px) * np.array(error.spread())
    covariance = jacobian @ np.swapaxes(jacobian, 1, 2)
    covariance += _focal_part(view, uv_px)
    radii = np.full(len(uv_px), np.inf)
    good = np.isfinite(covariance).all(axis=(1, 2))
    if good.any():
        widest = np.linalg.eigvalsh(covariance[good])[:, -1]
        radii[good] = np.maximum(_SHARE_95 * np.sqrt(np.maximum(widest, 0)), _FLOOR_M)
    return radii


def _focal_part(view: View, uv_px: NDArray[np.float64]) -> NDArray[np.float64]:
    lens = view.lens
    longer = replace(lens, fx_px=lens.fx_px * 1.001, fy_px=lens.fy_px * 1.001)
    shift = (replace(view, lens=longer).to_ground(uv_px) - view.to_ground(uv_px)) / 0.001
    shift = shift * lens.focal_error
    return shift[:, :, None] * shift[:, None, :]
