"""Fills a database with a made-up city's past: bounded, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from detector.incidents import Database, Transaction
from detector.incidents.chain import START, chain_hash
from detector.incidents.evidence_row import EvidenceRow
from detector.incidents.schema import (
    case_events,
    cases,
    deliveries,
    evidence,
    incident_events,
    incidents,
    verdicts,
)
from tests.ui.bulk_rows import add_rows

_CHUNK = 20_000
_KINDS = (
    ("vendor", "mobile_vendor", "cart"),
    ("vendor", "shop_outside_line", "stall"),
    ("cover", "cover_damaged", "cover_damaged"),
    ("cover", "cover_missing", "cover_missing"),
)
_STATES = ("reported", "registered", "filed", "dispatched", "handling", "verifying", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A masked picture that lies in the store already; many incidents may show it."""

    kind: str
    shown_key: str
    clean_key: str
    sha256: str
    size_bytes: int


def populate(
    database: Database,
    *,
    pending: int,
    cases_count: int,
    pictures: Sequence[StoredPicture] = (),
    cameras: Sequence[str] = tuple(f"street-{n:03d}" for n in range(200)),
    seed: int = 7,
    now: datetime | None = None,
    days: float = 365,
    destination: str | None = None,
) -> None:
    """`pending` incidents without a verdict and without a case, and `cases_count` decided ones
    with a case, spread over the last `days`. `destination`: their verdicts are there as well, and
    each case has been delivered to it."""
    chance = random.Random(seed)
    now = now or datetime.now(UTC)
    numbers = range(pending + cases_count)
    # Decided ones get pictures up to a number only: nobody looks at a year's at once.
    shown_of = (pictures if number < pending + 1000 else () for number in numbers)
    makers = (
        _Maker(chance, now, days, cameras, shown, number)
        for number, shown in zip(numbers, shown_of, strict=True)
    )
    made = ((maker, maker.number < pending) for maker in makers)
    while chunk := list(islice(made, _CHUNK)):
        with database.transaction() as transaction:
            _add(transaction, chunk, destination)


def _add(
    transaction: Transaction, chunk: Sequence[tuple[_Maker, bool]], destination: str | None
) -> None:
    filed = [maker for maker, undecided in chunk if not undecided]
    add_rows(transaction, incidents, [m.incident(undecided) for m, undecided in chunk])
    add_rows(transaction, evidence, [row for maker, _ in chunk for row in maker.rows])
    add_rows(transaction, incident_events, [maker.event() for maker, _ in chunk])
    add_rows(transaction, cases, [maker.case() for maker in filed])
    add_rows(transaction, case_events, [maker.case_event() for maker in filed])
    if destination is not None:
        add_rows(transaction, verdicts, [maker.verdict() for maker in filed])
        add_rows(transaction, deliveries, [maker.delivery(destination) for maker in filed])


class _Maker:
    """One incident and what belongs to it."""

    def __init__(
        self,
        chance: random.Random,
        now: datetime,
        days: float,
        cameras: Sequence[str],
        pictures: Sequence[StoredPicture],
        number: int,
    ) -> None:
        self.number = number
        self.id = UUID(int=chance.getrandbits(128), version=4)
        self.case_id = UUID(int=chance.getrandbits(128), version=4)
        self.at = now - timedelta(days=chance.random() * days)
        self.camera = chance.choice(cameras)
        self.kind = chance.choices(_KINDS, weights=(60, 20, 15, 5))[0]
        spot = random.Random(self.camera)
        self.lon = 119.12 + 0.16 * spot.random() + chance.gauss(0, 0.0004)
        self.lat = 34.54 + 0.12 * spot.random() + chance.gauss(0, 0.0004)
        self.corner = (chance.uniform(0.1, 0.7), chance.uniform(0.3, 0.7))
        self.stood_s = chance.uniform(300, 2400)
        self.rejected = chance.random() < 0.15
        self.state = chance.choices(_STATES, weights=(1, 1, 1, 2, 3, 2, 90))[0]
        self.rows = list(self._evidence(pictures))

    @property
    def urgent(self) -> bool:
        return self.kind[1] == "cover_missing"

    def incident(self, undecided: bool) -> dict[str, Any]:
        x, y = self.corner
        box = [x, y, x + 0.16, y + 0.2]
        minutes, seconds = divmod(round(self.stood_s), 60)
        span = f"{minutes} min {seconds} s"
        thing = "manhole cover damaged" if self.kind[0] == "cover" else "cart in road zone 'east'"
        gone = None if undecided else self.at + timedelta(seconds=self.stood_s)
        return {
            "id": self.id,
            "violation": self.kind[0],
            "subtype": self.kind[1],
            "source_id": self.camera,
            "fixed": True,
            "box_unit": box,
            "seen_box_unit": box,
            "x": self.lon,
            "y": self.lat,
            "crs": "EPSG:4326",
            "error_radius_m": 40.0,
            "lon_deg": self.lon,
            "lat_deg": self.lat,
            "class_name": self.kind[2],
            "zone": "east",
            "status": "open" if undecided else "cleared",
            "verdict": "pending" if undecided else ("rejected" if self.rejected else "confirmed"),
            "urgent": self.urgent,
            "posting": "after_verdict",
            "score": 0.8,
            "first_seen_at": self.at - timedelta(seconds=300),
            "opened_at": self.at,
            "last_seen_at": gone or self.at + timedelta(seconds=60),
            "cleared_at": gone,
            "reopened": 0,
            "reason": f"{thing} for {span}, seen in 20 of 22 looks over {span}",
            "coverage_text": f"present in 20 of 22 looks over {minutes} min, blind 0 s",
            "rule_version": "vendor/1+00000000",
            "model_sha256": ["0" * 64],
            "clock": "wall",
            "absent_looks": 0,
            "absent_s": 0.0,
            "absent_at": None,
            "evidence_count": len(self.rows),
            "evidence_head": self.rows[-1]["chain_hash"] if self.rows else START,
        }

    def _evidence(self, pictures: Sequence[StoredPicture]) -> Iterator[dict[str, Any]]:
        """Rows whose chain is sound, though many name the same file."""
        previous, seq = START, 0
        for number, picture in enumerate(pictures):
            for variant, key in (("shown", picture.shown_key), ("clean", picture.clean_key)):
                seq += 1
                row = EvidenceRow(
                    id=UUID(int=self.id.int ^ seq),
                    incident_id=self.id,
                    seq=seq,
                    kind=picture.kind,
                    variant=variant,
                    key=key,
                    sha256=picture.sha256,
                    size_bytes=picture.size_bytes,
                    media_type="image/jpeg",
                    captured_at=self.at - timedelta(seconds=300 - 150 * number),
                    ends_at=None,
                    clock="wall",
                    rule_version="vendor/1+00000000",
                    model_sha256=(),
                    previous_hash=previous,
                    chain_hash="",
                    retention_class="evidence",
                    added_at=self.at,
                    deleted_at=None,
                )
                previous = chain_hash(row)
                values = {name: getattr(row, name) for name in EvidenceRow.__slots__}
                yield {**values, "model_sha256": [], "chain_hash": previous}

    def event(self) -> dict[str, Any]:
        return {
            "incident_id": self.id,
            "at": self.at,
            "kind": "opened",
            "actor": "xunjie",
            "detail": "",
        }

    def case(self) -> dict[str, Any]:
        state = "void" if self.rejected else self.state
        return {
            "id": self.case_id,
            "number": f"XJ-{self.at:%Y%m%d}-{self.number:06d}",
            "incident_id": self.id,
            "violation": self.kind[0],
            "subtype": self.kind[1],
            "urgent": self.urgent,
            "state": state,
            "code_kind": "event",
            "code": "0501",
            "code_table_version": "made-up",
            "description": f"疑似{self.kind[1]}：{self.camera}",
            "source_id": self.camera,
            "grid": None,
            "opened_at": self.at + timedelta(seconds=20),
            "updated_at": self.at + timedelta(hours=3),
            "ended_at": self.at + timedelta(hours=3) if state in ("closed", "void") else None,
            "worker": None,
            "lease_until": None,
            "version": 1,
            "letters": 0,
        }

    def case_event(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "at": self.at,
            "kind": "opened",
            "from_state": None,
            "to_state": "reported",
            "actor": "xunjie",
            "note": "",
        }

    def verdict(self) -> dict[str, Any]:
        return {
            "incident_id": self.id,
            "answer": "rejected" if self.rejected else "confirmed",
            "operator": f"op{self.number % 10}",
            "reason": "shadow" if self.rejected else "",
            "class_name": None,
            "box_unit": None,
            "at": self.at + timedelta(seconds=20),
        }

    def delivery(self, destination: str) -> dict[str, Any]:
        case = self.case()
        record = {
            name: case[name]
            for name in ("number", "violation", "subtype", "code", "description", "source_id")
        }
        return {
            "id": UUID(int=self.case_id.int ^ 1),
            "destination": destination,
            "case_id": self.case_id,
            "incident_id": self.id,
            "kind": "opened",
            "seq": 1,
            "idempotency_key": f"{self.case_id}-opened-1",
            "record": {**record, "place": {"lon_deg": self.lon, "lat_deg": self.lat}},
            "frozen": True,
            "state": "delivered",
            "attempts": 1,
            "refusals": 0,
            "due_at": self.at + timedelta(seconds=20),
            "worker": None,
            "lease_until": None,
            "last_error": None,
            "remote_id": f"R{self.number}",
            "created_at": self.at + timedelta(seconds=20),
            "delivered_at": self.at + timedelta(seconds=22),
        }
