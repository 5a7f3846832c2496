"""Lays a picture onto the baseline by matching features; a bad match is refused, not used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import MultiPoint, Polygon

from detector.flights.errors import RegistrationRefused
from detector.flights.features import find_features, match_features
from detector.flights.ground_window import GroundWindow, Image, rectify
from detector.flights.mask import widened
from detector.flights.pose_fit import fit_pose
from detector.geometry.camera_model import View
from detector.geometry.pose_error import PoseError, error_radii_m

Baseline = Callable[[GroundWindow], tuple[Image, NDArray[np.bool_]]]


class RegistrationConfig(BaseModel):
    """When a match is good enough."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coarse_cell_m: float = Field(default=0.3, gt=0)
    fine_cell_m: float = Field(default=0.2, gt=0)
    min_matches: int = Field(default=30, ge=6)
    min_match_share: float = Field(default=0.10, ge=0, le=1)
    min_spread: float = Field(default=0.15, ge=0, le=1)  # hull of the matches to the shared ground
    inlier_m: float = Field(default=0.8, gt=0)
    max_error_m: float = Field(default=0.45, gt=0)  # root mean square of what is left
    max_shift_sigmas: float = Field(default=5.0, gt=0)  # against the telemetry
    most_reach_m: float = Field(default=25.0, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A picture's refined view in the baseline's frame."""

    view: View
    error_m: float  # root mean square distance of the matched points after the fit
    matches: int


def register(
    image: Image,
    view: View,
    error: PoseError,
    outline: Polygon,
    baseline: Baseline,
    config: RegistrationConfig,
) -> Registration:
    """Refines a view against the baseline, coarsely and then finely.

    Raises RegistrationRefused with the reason.
    """
    reach_m = _reach_m(view, error, config)
    coarse = _matched(image, view, outline, baseline, config.coarse_cell_m, reach_m, config)
    first = fit_pose(view, error, *coarse)
    near = first.away_m < max(4 * config.coarse_cell_m, config.inlier_m)
    fine = _matched(image, first.view, outline, baseline, config.fine_cell_m, 2.0, config)
    fitted = fit_pose(view, error, *fine)
    good = fitted.away_m < config.inlier_m
    if good.sum() >= 6:
        fitted = fit_pose(view, error, fine[0][good], fine[1][good])
    kept = fitted.away_m < config.inlier_m
    left = fitted.away_m[kept]
    rms_m = float(np.sqrt(np.mean(left**2))) if len(left) else float("inf")
    _check(int(near.sum()), len(left), rms_m, fitted.shift, config)
    return Registration(view=fitted.view, error_m=rms_m, matches=len(left))


def _check(
    coarse: int, kept: int, rms_m: float, shift: NDArray[np.float64], c: RegistrationConfig
) -> None:
    if coarse < c.min_matches // 2 or kept < c.min_matches:
        raise RegistrationRefused(f"only {kept} matching points, {c.min_matches} are needed")
    if rms_m > c.max_error_m:
        raise RegistrationRefused(
            f"the match is loose: {rms_m:.2f} m are left, {c.max_error_m:.2f} m are allowed"
        )
    if float(np.abs(shift).max()) > c.max_shift_sigmas:
        raise RegistrationRefused(
            f"the match contradicts the telemetry by {float(np.abs(shift).max()):.1f} sigmas"
        )


def _reach_m(view: View, error: PoseError, config: RegistrationConfig) -> float:
    lens = view.lens
    spots = np.array([[0.5, 0.5], [0.2, 0.3], [0.8, 0.3], [0.2, 0.9], [0.8, 0.9]])
    radii = error_radii_m(view, error, spots * (lens.width_px, lens.height_px))
    known = radii[np.isfinite(radii)]
    return float(min(max(known.max() if len(known) else 0, 3.0), config.most_reach_m))


def _matched(
    image: Image,
    view: View,
    outline: Polygon,
    baseline: Baseline,
    cell_m: float,
    reach_m: float,
    config: RegistrationConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixels (N, 2) and their places on the baseline's ground (N, 2)."""
    window = GroundWindow.around(outline, cell_m, reach_m)
    patch, shown = rectify(image, view, window)
    reference, known = baseline(window)
    shared = shown & known
    if shared.sum() * cell_m**2 < 100:
        raise RegistrationRefused("the baseline does not show this ground")
    one = find_features(patch, shown & widened(known, 5), window)
    other = find_features(reference, known, window)
    pairs = match_features(one, other, reach_m)
    if len(pairs) < config.min_matches:
        raise RegistrationRefused(
            f"only {len(pairs)} matching points, {config.min_matches} are needed"
        )
    here, there = one.ground_m[pairs[:, 0]], other.ground_m[pairs[:, 1]]
    kept = consistent(here, there, max(3 * cell_m, 0.5))
    if kept.sum() < max(config.min_matches, config.min_match_share * len(pairs)):
        raise RegistrationRefused(f"only {int(kept.sum())} of {len(pairs)} matches agree")
    hull = MultiPoint(there[kept]).convex_hull.area
    if hull < config.min_spread * shared.sum() * cell_m**2:
        raise RegistrationRefused("the matching points crowd in one corner")
    return view.to_picture(here[kept]), there[kept]


def consistent(
    here: NDArray[np.float64], there: NDArray[np.float64], within_m: float
) -> NDArray[np.bool_]:
    """Matches that one plane-to-plane mapping explains."""
    middle = here.mean(axis=0)
    found, mask = cv2.findHomography(
        (here - middle).astype(np.float32),
        (there - middle).astype(np.float32),
        cv2.USAC_MAGSAC,
        within_m,
        maxIters=3000,
        confidence=0.999,
    )
    if found is None or mask is None:
        return np.zeros(len(here), np.bool_)
    return np.asarray(mask.ravel() > 0, np.bool_)
