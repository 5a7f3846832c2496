"""Incident figures of two models on the same clips: false ones an hour, found, time to incident."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.gate_clip import Replayed


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFigure:
    """One figure of both models with its 95 % interval."""

    figure: str
    violation: str
    hours: float
    incidents: int  # that the clips hold
    running: float | None  # None: nothing to be measured
    running_low: float | None
    running_high: float | None
    candidate: float | None
    candidate_low: float | None
    candidate_high: float | None
    better: str  # higher or lower
    worse: bool


FALSE = "false incidents a camera-hour"
FOUND = "share of incidents found"
TIME = "seconds to incident"


def incident_figures(
    running: Sequence[Replayed], candidate: Sequence[Replayed], seed: int = 0
) -> tuple[IncidentFigure, ...]:
    """Both replays are of the same clips in the same order."""
    hours = sum(clip.seconds for clip in running) / 3600
    violations = sorted({name for clip in running for name in clip.false_by_violation})
    found: list[IncidentFigure] = []
    for name in violations:
        old, new = (_false(side, name) for side in (running, candidate))
        if hours > 0:
            found.append(_false_figure(name, hours, old, new))
        pairs = _pairs(running, candidate, name)
        if pairs:
            found.append(_share_found(name, hours, pairs, seed))
            found.append(_time(name, hours, pairs, seed))
    return tuple(found)


def poisson_interval(count: int) -> tuple[float, float]:
    """Exact 95 % interval of a Poisson mean of which `count` events were seen."""
    low = 0.0 if count == 0 else _solved(lambda mean: 1 - _cdf(count - 1, mean) - 0.025, count)
    return low, _solved(lambda mean: 0.025 - _cdf(count, mean), count)


def _false_figure(name: str, hours: float, old: int, new: int) -> IncidentFigure:
    old_low, old_high = poisson_interval(old)
    new_low, new_high = poisson_interval(new)
    return IncidentFigure(
        figure=FALSE,
        violation=name,
        hours=round(hours, 3),
        incidents=0,
        running=round(old / hours, 3),
        running_low=round(old_low / hours, 3),
        running_high=round(old_high / hours, 3),
        candidate=round(new / hours, 3),
        candidate_low=round(new_low / hours, 3),
        candidate_high=round(new_high / hours, 3),
        better="lower",
        worse=new > old_high,
    )


def _share_found(
    name: str, hours: float, pairs: Sequence[tuple[float | None, float | None]], seed: int
) -> IncidentFigure:
    old = np.array([one is not None for one, _ in pairs], float)
    new = np.array([other is not None for _, other in pairs], float)
    return _paired(FOUND, name, hours, old, new, "higher", seed)


def _time(
    name: str, hours: float, pairs: Sequence[tuple[float | None, float | None]], seed: int
) -> IncidentFigure:
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    old, new = (np.array([pair[side] for pair in both], float) for side in (0, 1))
    return _paired(TIME, name, hours, old, new, "lower", seed)


def _paired(
    figure: str,
    name: str,
    hours: float,
    old: np.ndarray,
    new: np.ndarray,
    better: str,
    seed: int,
) -> IncidentFigure:
    """Incidents drawn in pairs 500 times."""
    sides = (_drawn(old, seed), _drawn(new, seed), _drawn(new - old, seed))
    (old_low, old_high), (new_low, new_high), (low, high) = sides
    worse = low is not None and high is not None and (low > 0 if better == "lower" else high < 0)
    return IncidentFigure(
        figure=figure,
        violation=name,
        hours=round(hours, 3),
        incidents=len(old),
        running=_mean(old),
        running_low=old_low,
        running_high=old_high,
        candidate=_mean(new),
        candidate_low=new_low,
        candidate_high=new_high,
        better=better,
        worse=worse,
    )


def _drawn(values: np.ndarray, seed: int) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    chance = np.random.default_rng(seed)
    means = values[chance.integers(0, len(values), (500, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(low), 3), round(float(high), 3)


def _mean(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 3) if len(values) else None


def _false(clips: Sequence[Replayed], name: str) -> int:
    return sum(clip.false_by_violation.get(name, 0) for clip in clips)


def _pairs(
    running: Sequence[Replayed], candidate: Sequence[Replayed], name: str
) -> list[tuple[float | None, float | None]]:
    return [
        (one.found_after_s[key], other.found_after_s[key])
        for one, other in zip(running, candidate, strict=True)
        for key in one.found_after_s
        if key.startswith(f"{name} ")
    ]


def _cdf(count: int, mean: float) -> float:
    term = total = math.exp(-mean)
    for k in range(1, count + 1):
        term *= mean / k
        total += term
    return total


def _solved(rising: Callable[[float], float], count: int) -> float:
    """Where a function that rises with the mean crosses zero."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    for _ in range(80):
        middle = (low + high) / 2
        if rising(middle) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2
