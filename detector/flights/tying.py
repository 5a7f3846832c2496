"""Finds which points of a flight's pictures show the same ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.flights.adjustment import Tie
from detector.flights.features import Features, match_features
from detector.flights.registration import consistent
from detector.geometry.camera_model import View

_MIN_MATCHES = 20
_KEPT = 40  # of each pair: more of them only cost time
_NEIGHBOURS = 10


def tie_pictures(views: Sequence[View], features: Sequence[Features], reach_m: float) -> list[Tie]:
    """Ties between each picture and those nearest to it that share enough ground."""
    ties = []
    for one, other in _pairs(features):
        pairs = match_features(features[one], features[other], reach_m)
        if len(pairs) < _MIN_MATCHES:
            continue
        here = features[one].ground_m[pairs[:, 0]]
        there = features[other].ground_m[pairs[:, 1]]
        kept = consistent(here, there, 0.8)
        if kept.sum() < _MIN_MATCHES:
            continue
        here, there = here[kept], there[kept]
        some = np.linspace(0, len(here) - 1, min(_KEPT, len(here))).astype(int)
        ties.append(
            Tie(
                one=one,
                other=other,
                one_px=views[one].to_picture(here[some]),
                other_px=views[other].to_picture(there[some]),
            )
        )
    return ties


def _pairs(features: Sequence[Features]) -> list[tuple[int, int]]:
    """Each picture with the neighbours whose features' middles are nearest."""
    middles = np.array([f.ground_m.mean(axis=0) if len(f) else (np.inf, np.inf) for f in features])
    found: set[tuple[int, int]] = set()
    for i, middle in enumerate(middles):
        if not np.isfinite(middle).all():
            continue
        away = np.hypot(*(middles - middle).T)
        away[i] = np.inf
        for j in np.argsort(away)[:_NEIGHBOURS]:
            if np.isfinite(away[j]) and len(features[i]) and len(features[int(j)]):
                found.add((min(i, int(j)), max(i, int(j))))
    return sorted(found)
