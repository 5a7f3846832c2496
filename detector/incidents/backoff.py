"""How long to wait before trying again."""

from __future__ import annotations

import random

from pydantic import BaseModel, ConfigDict, Field


class BackoffConfig(BaseModel):
    """Exponential, with jitter so that many waiters do not come back at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_s: float = Field(default=1, gt=0)
    longest_s: float = Field(default=60, gt=0)
    jitter: float = Field(default=0.5, ge=0, le=1)
    """Share of the wait that chance may take off."""

    def wait_s(self, failures: int, chance: random.Random) -> float:
        """Seconds after so many failures in a row (from 1)."""
        return self._full_s(failures) * (1 - self.jitter * chance.random())

    def long(self, failures: int) -> bool:
        """True where waits no longer grow."""
        return self._full_s(failures) >= self.longest_s

    def _full_s(self, failures: int) -> float:
        exponent = min(max(failures, 1) - 1, 30)
        return float(min(self.longest_s, self.first_s * 2**exponent))
