"""Makes the pictures of one flight agree with each other: one least-squares fit of all poses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.geometry.camera_model import View
from detector.geometry.pose_error import PoseError, moved

_POINT_M = 0.15
_HUBER = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tie:
    """Pixels (N, 2) of picture `one` that show the same ground as those of picture `other`."""

    one: int
    other: int
    one_px: NDArray[np.float64]
    other_px: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Refined views; `error_m` is how far the tied points still lie apart (root mean square)."""

    views: tuple[View, ...]
    error_m: float
    ties: Mapping[int, int]  # picture -> pictures that it is tied to


def adjust(
    views: Sequence[View], errors: Sequence[PoseError], ties: Sequence[Tie], rounds: int = 6
) -> Adjustment:
    """Gauss-Newton over six numbers a picture, each held by its telemetry's sigmas.

    A tie says that two pixels show the same point of the surface; where many pictures tell
    their place, the errors of their receivers even out.
    """
    now, size = list(views), 6 * len(views)
    spread = _loosened(np.maximum(np.array([e.spread() for e in errors]), 1e-3)).ravel()
    change = np.zeros(size)
    for _ in range(rounds if ties else 0):
        normal, pull = np.diag(1 / spread**2), -change / spread**2
        for tie in ties:
            _add(tie, now, normal, pull)
        step = np.linalg.solve(normal, pull)
        change += step
        now = [moved(view, change[6 * i : 6 * i + 6]) for i, view in enumerate(views)]
        if np.abs(step / spread).max() < 1e-3:
            break
    apart = [_apart(tie, now) for tie in ties]
    left = np.concatenate(apart) if apart else np.zeros(0)
    left = left[left < 1.0]
    rms_m = float(np.sqrt(np.mean(left**2))) if len(left) else 0.0
    counted = {i: sum(i in (t.one, t.other) for t in ties) for i in range(len(views))}
    return Adjustment(views=tuple(now), error_m=rms_m, ties=counted)


def _loosened(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights and angles err alike in all pictures of a flight, so that together they tell no
    more than one of them; taken as independent they would bend the whole flight."""
    loose = spread.copy()
    loose[:, 2:] *= min(np.sqrt(len(spread)), 6.0)
    return loose


def _apart(tie: Tie, views: Sequence[View]) -> NDArray[np.float64]:
    gap = views[tie.one].to_ground(tie.one_px) - views[tie.other].to_ground(tie.other_px)
    return np.asarray(np.hypot(*gap[np.isfinite(gap).all(axis=1)].T), np.float64)


def _add(
    tie: Tie, views: Sequence[View], normal: NDArray[np.float64], pull: NDArray[np.float64]
) -> None:
    """Adds a tie's equations. The gap is measured in pixels of the other picture: in metres it
    would shrink with the whole flight, and the fit would fly lower than it did."""
    one, other = views[tie.one], views[tie.other]
    gap = _seen_from(one, other, tie.one_px) - tie.other_px
    both = np.concatenate(
        [
            _slopes(lambda v: _seen_from(v, other, tie.one_px), one),
            _slopes(lambda v: _seen_from(one, v, tie.one_px), other),
        ],
        axis=2,
    )
    good = np.isfinite(gap).all(axis=1) & np.isfinite(both).all(axis=(1, 2))
    point_px = _POINT_M / other.ground_px_m()
    away = np.hypot(*gap[good].T)
    weight = np.minimum(1.0, _HUBER * point_px / np.maximum(away, 1e-9)) / point_px**2
    part = np.einsum("n,nij,nik->jk", weight, both[good], both[good])
    down = np.einsum("n,nij,ni->j", weight, both[good], -gap[good])
    at = np.r_[6 * tie.one : 6 * tie.one + 6, 6 * tie.other : 6 * tie.other + 6]
    normal[np.ix_(at, at)] += part
    pull[at] += down


def _seen_from(one: View, other: View, one_px: NDArray[np.float64]) -> NDArray[np.float64]:
    return other.to_picture(one.to_ground(one_px))


def _slopes(
    where: Callable[[View], NDArray[np.float64]], view: View, step: float = 0.01
) -> NDArray[np.float64]:
    """(N, 2, 6): how what `where` gives moves with the view."""
    parts = []
    for change in np.eye(6) * step:
        parts.append((where(moved(view, change)) - where(moved(view, -change))) / (2 * step))
    return np.stack(parts, axis=-1)
