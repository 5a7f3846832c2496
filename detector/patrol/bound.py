"""How long a camera can be left alone at most, at what looks cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ROUNDING: Final = 2**0.5  # rates are rounded to lanes half a doubling apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How often a camera wants a look, and what its waiting counts (as in Schedule.put)."""

    interval_s: float
    rate: float


def bounds_s(needs: Mapping[str, Need], looks_per_s: float) -> dict[str, float]:
    """The longest time between two looks of each camera, as long as the machine keeps that pace.

    With enough looks for all it is twice the interval (a picture that is fetched in the same rhythm
    may come just after it was due), and the time in which everyone else may come first. With too
    few, everyone waits in inverse proportion to his rate, so that one of rate r
    gets r / (sum of all rates) of the looks.
    """
    if looks_per_s <= 0:
        return dict.fromkeys(needs, float("inf"))
    if sum(1 / need.interval_s for need in needs.values()) <= looks_per_s:
        round_s = len(needs) / looks_per_s
        return {name: 2 * need.interval_s + round_s for name, need in needs.items()}
    total = sum(need.rate for need in needs.values())
    return {
        name: 2 * need.interval_s + _ROUNDING * total / need.rate / looks_per_s
        for name, need in needs.items()
    }
