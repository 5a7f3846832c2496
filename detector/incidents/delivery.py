"""Carries the outbox to its destinations."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from detector.incidents.destination import DestinationConfig
from detector.incidents.errors import RetryLaterError
from detector.incidents.letter import Delivery, DeliveryState
from detector.incidents.outbox import Outbox
from detector.types import CaseSink, DeliveryRefused, XunjieError

_log: Final = logging.getLogger(__name__)
_RESTED_AFTER: Final = 3


class Courier:
    """One thread for one destination: a dead destination never slows another one.

    A failed row waits by exponential back-off with jitter. From the third failure of the
    destination in a row the whole destination rests in the same way, so that a thousand waiting
    rows do not each knock at a dead door: after each rest one row is tried. A Retry-After is the
    destination's own word and rests it at once. When a destination is back after a long outage,
    what piled up goes out in the order in which it was written. A full disk or a locked database
    is logged and tried again: the thread ends only by `stop`.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: DestinationConfig,
        sink: CaseSink,
        chance: random.Random | None = None,
    ) -> None:
        self._outbox = outbox
        self._config = destination
        self._sink = sink
        self._chance = chance or random.Random()  # noqa: S311 jitter, not a secret
        # Unique to this run: after a crash the rows it held are taken over when leases lapse.
        self._worker = f"{destination.name}-{uuid4().hex}"
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._hurried = threading.Event()
        self._failures = 0  # of the destination in a row
        self._rests_until = 0.0  # by time.monotonic(); counts only while it is `_shut`
        self._shut = False
        self._came_back = False
        self._thread = threading.Thread(
            target=self._run, name=f"courier-{destination.name}", daemon=True
        )

    @property
    def destination(self) -> str:
        return self._config.name

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something was posted: look at once instead of at the next poll."""
        self._woken.set()

    def retry_now(self) -> None:
        """A person knows that the destination is back: ends its rest."""
        self._hurried.set()
        self._woken.set()

    def begin_stop(self) -> None:
        """Asks the thread to end; `stop` waits for it."""
        self._stopping.set()
        self.retry_now()

    def stop(self, timeout_s: float = 30) -> None:
        """Ends after the delivery in hand, gives the other claimed rows back; idempotent."""
        self.begin_stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._sink.close()

    def carry(self) -> int:
        """Claims and tries one batch (one row while the destination does not answer); returns how
        many rows were delivered."""
        config = self._config
        claimed_at = time.monotonic()
        limit = 1 if self._shut else config.batch
        rows = self._outbox.claim(config.name, self._worker, config.lease_s, limit)
        delivered, shut = 0, False
        for row in rows:
            late = time.monotonic() - claimed_at > config.lease_s / 2
            if late or shut or self._stopping.is_set():
                self._outbox.give_back(row.id, self._worker)
                continue
            delivered += self._try(row)
            shut = self._shut
        if self._came_back:
            self._outbox.release(config.name)
            self._came_back = False
        return delivered

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Cleared before the look, so that a wake during it is not lost.
            self._woken.clear()
            self._hurried.clear()
            carried = self._carried()
            rest_s = self._rests_until - time.monotonic()
            if self._shut and rest_s > 0:
                self._hurried.wait(rest_s)
            elif not carried:
                self._woken.wait(self._config.poll_s)

    def _carried(self) -> int:
        try:
            return self.carry()
        except Exception:
            # The database is full or busy. What was delivered but not marked goes out again
            # under the same key.
            _log.exception("courier %s could not use the database", self._config.name)
            self._stopping.wait(self._config.backoff.wait_s(1, self._chance))
            return 0  # and in `_run` a poll's wait more

    def _try(self, row: Delivery) -> bool:
        try:
            remote_id = self._deliver(row)
        except DeliveryRefused as error:
            self._answered()
            self._refused(row, error)
            return False
        except Exception as error:
            # Also what a sink did not foresee: a bug in one sink must not end the thread.
            self._unanswered(error)
            self._failed(row, error)
            return False
        self._answered()
        self._outbox.delivered(row.id, remote_id)
        return True

    def _deliver(self, row: Delivery) -> str | None:
        deliver = self._sink.deliver
        if row.frozen:
            # Destinations without idempotency keys are asked first whether they have it.
            deliver = getattr(self._sink, "deliver_again", deliver)
        return deliver(row.record, idempotency_key=row.idempotency_key)

    def _answered(self) -> None:
        # Not after a short one: a few records that always fail would hold up the others.
        self._came_back |= self._shut and self._config.backoff.long(self._rests)
        self._failures, self._shut = 0, False

    @property
    def _rests(self) -> int:
        """How often in a row the whole destination has rested."""
        return self._failures - _RESTED_AFTER + 1

    def _unanswered(self, error: Exception) -> None:
        self._failures += 1
        rests_s = 0.0
        if self._rests > 0:
            rests_s = self._config.backoff.wait_s(self._rests, self._chance)
        if isinstance(error, RetryLaterError):
            rests_s = max(rests_s, error.retry_after_s)
        self._shut = rests_s > 0
        self._rests_until = time.monotonic() + rests_s

    def _refused(self, row: Delivery, error: DeliveryRefused) -> None:
        config = self._config
        state = self._outbox.refused(
            row,
            self._worker,
            str(error),
            config.backoff.wait_s(row.refusals + 1, self._chance),
            config.quarantine_after_refusals,
        )
        if state == DeliveryState.QUARANTINED:
            _log.error("delivery %s to %s is set aside: %s", row.id, config.name, error)

    def _failed(self, row: Delivery, error: Exception) -> None:
        wait_s = self._config.backoff.wait_s(row.attempts + 1, self._chance)
        if isinstance(error, RetryLaterError):
            wait_s = max(wait_s, error.retry_after_s)
        expected = isinstance(error, XunjieError)
        if not expected:
            _log.exception("sink %s failed unexpectedly", self._config.name)
        text = str(error) if expected else f"{type(error).__name__}: {error}"
        self._outbox.retry(row.id, self._worker, text, wait_s)


class CourierService:
    """The couriers of all destinations."""

    def __init__(self, couriers: Sequence[Courier]) -> None:
        self._couriers = tuple(couriers)

    def start(self) -> None:
        for courier in self._couriers:
            courier.start()

    def wake(self) -> None:
        for courier in self._couriers:
            courier.wake()

    def retry_now(self, destination: str) -> None:
        """Ends the rest of a destination that a person knows to be back."""
        for courier in self._couriers:
            if courier.destination == destination:
                courier.retry_now()

    def stop(self, timeout_s: float = 30) -> None:
        """Ends all of them within `timeout_s` together; one that hangs in its sink is left to
        its lease."""
        for courier in self._couriers:
            courier.begin_stop()
        deadline = time.monotonic() + timeout_s
        for courier in self._couriers:
            courier.stop(max(0.0, deadline - time.monotonic()))
