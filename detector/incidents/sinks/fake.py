"""The fake which ships with the CaseSink port."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Any, Final, Literal

from detector.incidents.sinks.config import SinkConfig

KIND: Final = "fake"


class Config(SinkConfig):
    """A destination in memory, for tests and trials; what it takes is lost at exit."""

    kind: Literal["fake"] = KIND


class FakeSink:
    """CaseSink in memory, with scripted failures.

    Each `deliver` takes the next entry of `failures`: an exception to raise, or None to accept;
    after the last one everything is accepted. `refuse` names incidents that are never taken.
    A key that was accepted before is accepted again without a second record.
    """

    def __init__(self, name: str = "fake", failures: Iterable[Exception | None] = ()) -> None:
        self._name = name
        self._failures = deque(failures)
        self._lock = threading.Lock()
        self.accepted: dict[str, dict[str, Any]] = {}  # by idempotency key, in order
        self.attempts: list[str] = []
        self.refuse: dict[str, Exception] = {}
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        with self._lock:
            self.attempts.append(idempotency_key)
            failure = self._failures.popleft() if self._failures else None
            failure = failure or self.refuse.get(record["incident_id"])
            if failure is not None:
                raise failure
            self.accepted.setdefault(idempotency_key, record)
            return f"{self._name}-{list(self.accepted).index(idempotency_key) + 1}"

    def close(self) -> None:
        self.closed = True


def build(config: Config, name: str) -> FakeSink:
    return FakeSink(name)
