"""A small service that opens incidents and delivers their cases, to be killed at any moment.

It uses the real registry, evidence store, packer, ledger, outbox, courier and `http` sink, over
one database and one folder. It opens one incident a camera: covers, whose case goes out at once,
and vendors, whose case follows an operator's verdict; every third one is cleared afterwards, so
that its case has a second letter. Whatever a killed run left undone the next one goes on with.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from detector.evidence import (
    Caption,
    EvidenceKind,
    EvidencePacker,
    FileStore,
    FileStoreConfig,
    PackConfig,
    Sealer,
    Shot,
    Slot,
)
from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    ChainVerifier,
    Courier,
    Database,
    DatabaseConfig,
    DestinationConfig,
    EvidenceLedger,
    IncidentFilter,
    IncidentRegistry,
    Observation,
    Outbox,
    Queries,
    RegistryConfig,
    Transaction,
    VerdictDesk,
    ViolationPolicy,
    build_sink,
)
from detector.incidents.backoff import BackoffConfig
from detector.incidents.utc import utc_now
from detector.types import (
    Box,
    Coverage,
    Detections,
    Finding,
    Frame,
    Incident,
    IncidentStatus,
    Place,
    Posting,
    VerdictAnswer,
)
from detector.types.taxonomy import STREET_CLASSES
from tests.faults.paging import every
from tests.faults.receiver import quick_sink

STALL = Box(0.4, 0.4, 0.6, 0.6)
CLEARED_EVERY = 3
SEAL_KEY = bytes(range(32))
POLICY = ViolationPolicy(clear_after_looks=2, clear_after_s=0)
QUICK = BackoffConfig(first_s=0.05, longest_s=0.3)
_ALL = IncidentFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    database_url: str
    folder: Path  # of the evidence
    receiver_url: str
    every_s: float  # one incident in so many seconds
    stop_file: Path  # once it is there, no more are opened and the rest is drained
    at_least: int = 0  # but so many are opened in any case


class StreetService:
    """Everything over one database, as one process would hold it."""

    def __init__(self, config: ServiceConfig) -> None:
        self._config = config
        self.database = Database(DatabaseConfig(url=config.database_url))
        self.database.migrate()
        self.store = FileStore(FileStoreConfig(folder=config.folder, min_free_bytes=0))
        destination = DestinationConfig(
            name="city",
            sink=quick_sink(config.receiver_url),
            backoff=QUICK,
            lease_s=1.5,
            batch=4,
            poll_s=0.05,
        )
        self.outbox = Outbox(self.database, [destination])
        desk = CaseDesk(CaseDeskConfig(), self.outbox)
        registry = RegistryConfig(violations={"cover": POLICY, "vendor": POLICY})
        self._registry = IncidentRegistry(registry, desk)
        self._verdicts = VerdictDesk(self.database, desk)
        self._packer = EvidencePacker(self.store, Sealer(SEAL_KEY), PackConfig())
        self._ledger = EvidenceLedger()
        self.queries = Queries(self.database)
        self._courier = Courier(self.outbox, destination, build_sink(destination.sink, "city"))

    def run(self) -> None:
        """Until the stop file is there and everything is drained."""
        self._courier.start()
        self._tend()
        number = sum(self.queries.incident_counts().values())
        while number < self._config.at_least or not self._config.stop_file.exists():
            self.open(number)
            number += 1
            self._courier.wake()
            time.sleep(self._config.every_s)
        while any(s.pending for s in self.outbox.stats()):
            time.sleep(0.05)
        self._courier.stop()
        self.database.close()

    def open(self, number: int) -> None:
        """One incident with its case, at a camera of its own."""
        finding = _finding(number)
        self._look(number, finding)
        self._judge_all_pending()
        if number % CLEARED_EVERY == 0:
            self._clear(number)

    def _tend(self) -> None:
        """What a killed run left undone."""
        self._judge_all_pending()
        for incident in self.incidents(IncidentFilter(status=IncidentStatus.OPEN)):
            number = int(incident.source_id.removeprefix("cam-"))
            if number % CLEARED_EVERY == 0:
                self._clear(number)

    def _judge_all_pending(self) -> None:
        which = IncidentFilter(violation="vendor", verdict=VerdictAnswer.PENDING)
        for incident in self.incidents(which):
            self._verdicts.give_verdict(incident.id, VerdictAnswer.CONFIRMED, "li")

    def _clear(self, number: int) -> None:
        for _ in range(POLICY.clear_after_looks):
            self._look(number)

    def _look(self, number: int, *findings: Finding) -> None:
        at = utc_now()
        observation = Observation(
            source_id=f"cam-{number}",
            fixed=True,
            at=at,
            clock="wall",
            good_look=True,
            examined=frozenset({"cover", "vendor"}),
            findings=findings,
            model_sha256=("ab" * 32,),
        )
        with self.database.transaction() as transaction:
            changes = self._registry.record(transaction, observation)
            for incident in changes.opened:
                self._picture(transaction, incident, EvidenceKind.THRESHOLD, 1, at)
            for incident in changes.cleared:
                self._picture(transaction, incident, EvidenceKind.AFTER, 2, at)

    def _picture(
        self,
        transaction: Transaction,
        incident: Incident,
        kind: EvidenceKind,
        number: int,
        at: datetime,
    ) -> None:
        slot = Slot(incident_id=incident.id, opened_at=incident.opened_at, number=number, kind=kind)
        for file in self._packer.pack_picture(slot, _shot(incident.source_id, at)):
            self._ledger.add(transaction, incident.id, file)

    def incidents(self, which: IncidentFilter = _ALL) -> Iterator[Incident]:
        read = self.queries.incidents
        return every(lambda cursor: read(which, cursor=cursor, limit=500))


@contextmanager
def opened_service(config: ServiceConfig) -> Iterator[StreetService]:
    """For reading what the runs left."""
    service = StreetService(config)
    try:
        yield service
    finally:
        service.database.close()


def broken_chains(service: StreetService) -> list[str]:
    """Incidents whose evidence does not verify."""
    verifier = ChainVerifier(service.database, service.store)
    found = []
    for incident in service.incidents():
        report = verifier.verify(incident.id)
        if not report.intact or not report.rows:
            found.append(f"{incident.id}: {report.faults or 'no evidence'}")
    return found


def _finding(number: int) -> Finding:
    now = utc_now()
    cover = number % 2 == 0
    return Finding(
        violation="cover" if cover else "vendor",
        subtype="cover_missing" if cover else "mobile_vendor",
        place=Place(source_id=f"cam-{number}", box_unit=STALL, position=None, fixed=True),
        class_name="cover_missing" if cover else "stall",
        score=0.9,
        first_seen_at=now - timedelta(seconds=180),
        threshold_at=now,
        seen_at=now,
        seen_now=True,
        coverage=Coverage(
            looks_present=18, looks_total=18, looks_occluded=0, span_s=180, blind_s=0
        ),
        zone="road",
        urgent=cover,
        posting=Posting.AT_ONCE if cover else Posting.AFTER_VERDICT,
        rule_version="1",
        reason="for the fault runs",
    )


def _shot(source_id: str, at: datetime) -> Shot:
    image = np.full((48, 64, 3), 90, np.uint8)
    frame = Frame(source_id=source_id, seq=0, captured_at=at, clock="wall", image=image)
    nothing = Detections(
        xyxy_px=np.zeros((0, 4), np.float32),
        score=np.zeros(0, np.float32),
        class_id=np.zeros(0, np.int32),
        classes=STREET_CLASSES,
    )
    caption = Caption(
        title="made", taken_at=at, clock="wall", source_name=source_id, zone_name=None
    )
    return Shot(frame=frame, detections=nothing, marks=(), caption=caption)
