"""One file of evidence as the database records it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from detector.incidents.schema import evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """A link of an incident's chain. The row outlives its file: `deleted_at` says since when."""

    id: UUID
    incident_id: UUID
    seq: int  # counts the incident's files from 1
    kind: str  # first, threshold, last, after, clip
    variant: str  # shown, clean, sealed
    key: str  # in the EvidenceStore
    sha256: str  # of the file's bytes
    size_bytes: int
    media_type: str
    captured_at: datetime
    ends_at: datetime | None  # a clip's last moment
    clock: str
    rule_version: str
    model_sha256: tuple[str, ...]
    previous_hash: str
    chain_hash: str
    retention_class: str
    added_at: datetime
    deleted_at: datetime | None


def read_evidence(transaction: Connection, incident_id: UUID) -> tuple[EvidenceRow, ...]:
    """In the order in which it was added."""
    query = select(evidence).where(evidence.c.incident_id == incident_id).order_by(evidence.c.seq)
    return tuple(evidence_of(row) for row in transaction.execute(query).mappings())


def evidence_of(row: Any) -> EvidenceRow:
    values = {name: row[name] for name in EvidenceRow.__slots__}
    return EvidenceRow(**{**values, "model_sha256": tuple(row["model_sha256"])})
