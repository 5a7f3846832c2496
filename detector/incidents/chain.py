"""The hash chain of an incident's evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from detector.incidents.database import Database
from detector.incidents.errors import NotFoundError
from detector.incidents.evidence_row import EvidenceRow, read_evidence
from detector.incidents.schema import deletions, incidents
from detector.types import EvidenceStore

START: Final = "0" * 64
"""The previous hash of an incident's first row."""

_CHAINED: Final = (
    "incident_id",
    "seq",
    "kind",
    "variant",
    "key",
    "sha256",
    "size_bytes",
    "media_type",
    "captured_at",
    "ends_at",
    "clock",
    "rule_version",
    "model_sha256",
)


class ChainFaultKind(StrEnum):
    CHANGED_ROW = "changed_row"
    MISSING_ROW = "missing_row"
    CHANGED_FILE = "changed_file"
    MISSING_FILE = "missing_file"
    ADDED_ROW = "added_row"  # stands behind the incident's head
    UNLOGGED_DELETION = "unlogged_deletion"  # marked as deleted, and retention knows nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFault:
    seq: int
    kind: ChainFaultKind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of one incident's evidence found."""

    incident_id: UUID
    rows: int
    files_checked: int
    files_deleted: int  # by retention: their rows still verify
    faults: tuple[ChainFault, ...]

    @property
    def intact(self) -> bool:
        return not self.faults


def chain_hash(row: EvidenceRow) -> str:
    """sha256 over the previous hash (64 hex characters) and the row's canonical JSON: sorted
    keys, no spaces, UTF-8, times in UTC with microseconds. `row.chain_hash` is not part of it,
    nor is what retention may set later."""
    fields = {name: _plain(getattr(row, name)) for name in _CHAINED}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((row.previous_hash + text).encode()).hexdigest()


class ChainVerifier:
    """Checks rows, and with a store the files too."""

    def __init__(self, database: Database, store: EvidenceStore | None = None) -> None:
        self._database = database
        self._store = store

    def verify(self, incident_id: UUID) -> ChainReport:
        """Finds changed rows, missing rows (also those cut off at the end), added rows, changed
        and missing files, and files that are called deleted without retention having logged it.
        Raises NotFoundError for an unknown incident."""
        with self._database.reading() as transaction:
            count, head = _head(transaction, incident_id)
            rows = read_evidence(transaction, incident_id)
            deletion_faults = list(_deletion_faults(transaction, rows))
        faults = [
            *_row_faults(rows),
            *_end_faults(rows, count, head),
            *deletion_faults,
            *self._file_faults(rows),
        ]
        kept = [row for row in rows if row.deleted_at is None]
        return ChainReport(
            incident_id=incident_id,
            rows=len(rows),
            files_checked=len(kept) if self._store else 0,
            files_deleted=len(rows) - len(kept),
            faults=tuple(faults),
        )

    def _file_faults(self, rows: tuple[EvidenceRow, ...]) -> Iterator[ChainFault]:
        for row in rows:
            if self._store is None or row.deleted_at is not None:
                continue
            try:
                digest = hashlib.sha256(self._store.get(row.key)).hexdigest()
            except KeyError:
                yield _fault(row.seq, ChainFaultKind.MISSING_FILE, f"{row.key} is not there")
                continue
            if digest != row.sha256:
                yield _fault(row.seq, ChainFaultKind.CHANGED_FILE, f"{row.key} has other bytes")


def _row_faults(rows: tuple[EvidenceRow, ...]) -> Iterator[ChainFault]:
    previous, expected = START, 1
    for row in rows:
        for seq in range(expected, row.seq):
            yield _fault(seq, ChainFaultKind.MISSING_ROW, f"row {seq} is not there")
        broken = row.seq == expected and row.previous_hash != previous
        if broken or row.chain_hash != chain_hash(row):
            yield _fault(row.seq, ChainFaultKind.CHANGED_ROW, f"row of {row.key} was changed")
        previous, expected = row.chain_hash, row.seq + 1


def _end_faults(rows: tuple[EvidenceRow, ...], count: int, head: str) -> Iterator[ChainFault]:
    last = rows[-1].seq if rows else 0
    for seq in range(last + 1, count + 1):
        yield _fault(seq, ChainFaultKind.MISSING_ROW, f"row {seq} is not there")
    if rows and last == count and rows[-1].chain_hash != head:
        yield _fault(last, ChainFaultKind.CHANGED_ROW, "the last row is not the incident's head")
    for row in rows:
        if row.seq > count:
            yield _fault(row.seq, ChainFaultKind.ADDED_ROW, f"row of {row.key} was added later")


def _deletion_faults(
    transaction: Connection, rows: tuple[EvidenceRow, ...]
) -> Iterator[ChainFault]:
    for row in rows:
        if row.deleted_at is None:
            continue
        logged = select(deletions.c.id).where(
            deletions.c.at == row.deleted_at, deletions.c.subject == row.key
        )
        if transaction.execute(logged.limit(1)).first() is None:
            detail = f"{row.key} is marked as deleted, but retention has not logged it"
            yield _fault(row.seq, ChainFaultKind.UNLOGGED_DELETION, detail)


def _fault(seq: int, kind: ChainFaultKind, detail: str) -> ChainFault:
    return ChainFault(seq=seq, kind=kind, detail=detail)


def _head(transaction: Connection, incident_id: UUID) -> tuple[int, str]:
    columns = (incidents.c.evidence_count, incidents.c.evidence_head)
    row = transaction.execute(select(*columns).where(incidents.c.id == incident_id)).first()
    if row is None:
        raise NotFoundError(
            f"no incident has the id {incident_id}", code="no_incident", id=incident_id
        )
    return row[0], row[1]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
