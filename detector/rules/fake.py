"""The fake rule: finds what a script tells it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detector.types import Finding, Look


@dataclass
class FakeRule:
    """`find` gets each look and returns its findings."""

    find: Callable[[Look], tuple[Finding, ...]]
    violation: str = "fake"
    version: str = "fake/1"
    classes: frozenset[str] = frozenset()

    def judge(self, look: Look) -> tuple[Finding, ...]:
        return self.find(look)
