"""Which side reviewed pictures stand on: whole days of whole cameras."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from training.picture_set import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedSplit:
    """A camera's day is frozen by a hash of its name, so that it is frozen for ever, however often
    the set is made again."""

    frozen_every: int = 5  # one camera's day in this many is for measuring only; 0: none
    newest_days: int = 1  # the last days with verdicts are measured, not learned from
    least_days: int = 3  # with fewer days than this there is no newest side

    def __post_init__(self) -> None:
        if self.frozen_every < 0 or self.newest_days < 0:
            raise ValueError("frozen_every and newest_days must not be negative")

    def newest(self, days: Collection[str]) -> frozenset[str]:
        """The days of the newest side."""
        ordered = sorted(set(days))
        if not self.newest_days or len(ordered) < max(self.least_days, self.newest_days + 1):
            return frozenset()
        return frozenset(ordered[-self.newest_days :])

    def side(self, camera: str, day: str, newest: Collection[str]) -> Side:
        """The side of one camera's day."""
        digest = hashlib.sha256(f"{camera}/{day}".encode()).digest()
        if self.frozen_every and int.from_bytes(digest[:4], "big") % self.frozen_every == 0:
            return "val"
        return "newest" if day in newest else "train"
