"""How well a presence was watched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Present in `looks_present` of `looks_total` usable looks over `span_s`, blind for `blind_s`.

    A look in which something else stood in front of the thing (`looks_occluded`) is part of
    neither count. Seconds are of the source's own clock.
    """

    looks_present: int
    looks_total: int
    looks_occluded: int
    span_s: float
    blind_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.looks_present <= self.looks_total:
            raise ValueError(f"looks_present outside 0..looks_total: {self}")

    @property
    def share(self) -> float:
        """Share of the usable looks in which the thing was there."""
        return self.looks_present / self.looks_total if self.looks_total else 0.0
