"""A street full of missing covers: cases at a steady rate, through the real registry."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    Courier,
    CourierService,
    Database,
    DatabaseConfig,
    DeliveryFilter,
    DeliveryState,
    DestinationConfig,
    IncidentRegistry,
    Observation,
    Outbox,
    Queries,
    RegistryConfig,
    build_sink,
)
from detector.incidents.schema import deliveries
from detector.incidents.utc import utc_now
from detector.types import Box, Coverage, Finding, Place, Position, Posting

_BOX = Box(0.4, 0.4, 0.6, 0.6)
_SOURCES = 500


class Load:
    """A database, its destinations with their couriers, and a thread that opens cases.

    Every case has a place of its own (a car's position), so that each is an incident of its own.
    """

    def __init__(self, file: Path, destinations: Sequence[DestinationConfig]) -> None:
        self.database = Database(DatabaseConfig(url=f"sqlite:///{file}"))
        self.database.migrate()
        self.outbox = Outbox(self.database, destinations)
        self.queries = Queries(self.database)
        self.desk = CaseDesk(CaseDeskConfig(), self.outbox, grid_of=lambda _: "320706001002003")
        self._registry = IncidentRegistry(RegistryConfig(), self.desk)
        self.couriers = CourierService(
            [Courier(self.outbox, d, build_sink(d.sink, d.name)) for d in destinations]
        )
        self.opened = 0
        self.worst_open_s = 0.0  # how long a writer had to wait at worst

    def start(self) -> None:
        self.couriers.start()

    def open(self) -> None:
        """One case."""
        began = time.monotonic()
        with self.database.transaction() as transaction:
            self._registry.record(transaction, observation(self.opened))
        self.opened += 1
        self.worst_open_s = max(self.worst_open_s, time.monotonic() - began)
        self.couriers.wake()

    def run(self, rate: float, until: threading.Event, most: int | None = None) -> None:
        """Opens `rate` cases a second; where it falls behind it catches up."""
        began = time.monotonic()
        while not until.is_set() and (most is None or self.opened < most):
            due = began + self.opened / rate
            time.sleep(max(0.0, due - time.monotonic()))
            self.open()

    def drain(self, patience_s: float) -> bool:
        """Waits until no letter is pending; False where it does not go on for so long."""
        before, since = -1, time.monotonic()
        while waiting := self._count(DeliveryState.PENDING):
            if waiting != before:
                before, since = waiting, time.monotonic()
            elif time.monotonic() - since > patience_s:
                return False
            time.sleep(0.1)
        return True

    def flows(self, within_s: float) -> bool:
        """Waits until one more letter is delivered; False where none is."""
        before, ends = self._count(DeliveryState.DELIVERED), time.monotonic() + within_s
        while time.monotonic() < ends:
            if self._count(DeliveryState.DELIVERED) > before:
                return True
            time.sleep(0.05)
        return False

    def _count(self, state: DeliveryState) -> int:
        query = (
            select(func.count()).select_from(deliveries).where(deliveries.c.state == state.value)
        )
        with self.database.reading() as transaction:
            return int(transaction.execute(query).scalar_one())

    def stop(self) -> None:
        self.couriers.stop(10)

    def close(self) -> None:
        self.database.close()

    def deliveries(self, which: DeliveryFilter) -> list[Any]:
        found, cursor = [], None
        while True:
            page = self.queries.deliveries(which, cursor=cursor, limit=500)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def observation(number: int) -> Observation:
    """A missing cover at a place of its own, posted at once."""
    at, source_id = utc_now(), f"car-{number % _SOURCES}"
    # 11 m apart, in rows of a thousand.
    position = Position(
        x=119.0 + (number % 1000) * 1.2e-4, y=34.5 + (number // 1000) * 1e-4, error_radius_m=1
    )
    finding = Finding(
        violation="cover",
        subtype="cover_missing",
        place=Place(source_id=source_id, box_unit=_BOX, position=position, fixed=False),
        class_name="cover_missing",
        score=0.9,
        first_seen_at=at,
        threshold_at=at,
        seen_at=at,
        seen_now=True,
        coverage=Coverage(looks_present=2, looks_total=2, looks_occluded=0, span_s=1, blind_s=0),
        zone=None,
        urgent=True,
        posting=Posting.AT_ONCE,
        rule_version="1",
        reason="for the fault runs",
    )
    return Observation(
        source_id=source_id,
        fixed=False,
        at=at,
        clock="wall",
        good_look=True,
        examined=frozenset({"cover"}),
        findings=(finding,),
        model_sha256=("ab" * 32,),
    )
