"""Brings the outcomes home: one thread a destination that can be asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from detector.incidents.destination import DestinationConfig
from detector.incidents.errors import ConflictError, NotFoundError, OutcomeError
from detector.incidents.outbox import Outbox
from detector.incidents.outcome_desk import OutcomeDesk
from detector.incidents.sinks.registry import build_fetcher
from detector.incidents.sinks.remote_outcome import OutcomeFetcher, RemoteOutcome
from detector.types import XunjieError

_log: Final = logging.getLogger(__name__)
_NOT_DUE_S: Final = 2.0


class OutcomeCollector:
    """Asks one destination every `outcomes_every_s`; a dead one is asked again then."""

    def __init__(
        self,
        outbox: Outbox,
        desk: OutcomeDesk,
        destination: DestinationConfig,
        fetcher: OutcomeFetcher,
        due: Callable[[], bool] = lambda: True,
    ) -> None:
        """`due`: whether it is this process that asks, where several share a database."""
        self._outbox = outbox
        self._desk = desk
        self._config = destination
        self._fetcher = fetcher
        self._due = due
        self._new = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"outcomes-{destination.name}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def begin_stop(self) -> None:
        self._stopping.set()

    def stop(self, timeout_s: float = 30) -> None:
        """Idempotent."""
        self.begin_stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._fetcher.close()

    def collect(self) -> int:
        """Asks once; how many outcomes were new. Raises DeliveryUnavailable."""
        self._new = 0
        self._fetcher.fetch(self._outbox.awaited(self._config.name), self)
        return self._new

    def take(self, outcome: RemoteOutcome) -> bool:
        """As the fetcher's book."""
        try:
            taken = self._desk.outcome(
                outcome.case_id,
                outcome.kind,
                destination=self._config.name,
                reason=outcome.reason,
                remote_id=outcome.remote_id,
                at=outcome.at,
                key=outcome.key,
            )
        except (NotFoundError, ConflictError, OutcomeError) as error:
            _log.error("an outcome of %s cannot be taken: %s", self._config.name, error)
            return False
        self._new += not taken.repeated
        return True

    def rename(self, delivery_id: UUID, remote_id: str) -> None:
        """As the fetcher's book."""
        self._outbox.rename(delivery_id, remote_id)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._due():
                self._stopping.wait(_NOT_DUE_S)
                continue
            try:
                self.collect()
            except XunjieError as error:
                _log.warning("outcomes of %s: %s", self._config.name, error)
            except Exception:
                # A bug in one fetcher, or a database that is busy, must not end the thread.
                _log.exception("outcomes of %s could not be collected", self._config.name)
            self._stopping.wait(self._config.outcomes_every_s)


class OutcomeService:
    """The collectors of all destinations that can be asked."""

    def __init__(self, collectors: Sequence[OutcomeCollector]) -> None:
        self._collectors = tuple(collectors)

    def start(self) -> None:
        for collector in self._collectors:
            collector.start()

    def stop(self) -> None:
        for collector in self._collectors:
            collector.begin_stop()
        for collector in self._collectors:
            collector.stop()


def build_collectors(
    outbox: Outbox,
    desk: OutcomeDesk,
    destinations: Sequence[DestinationConfig],
    due: Callable[[], bool] = lambda: True,
) -> tuple[OutcomeCollector, ...]:
    """One for each destination whose sink can be asked. Raises ConfigError as `build_sink`."""
    found = ((each, build_fetcher(each.sink, each.name)) for each in destinations)
    return tuple(
        OutcomeCollector(outbox, desk, each, fetcher, due) for each, fetcher in found if fetcher
    )
