"""Records files of evidence, each chained to the one before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, select, update

from detector.incidents.chain import chain_hash
from detector.incidents.errors import NotFoundError
from detector.incidents.evidence_row import EvidenceRow, evidence_of
from detector.incidents.retention_class import retention_class
from detector.incidents.schema import evidence, incidents
from detector.incidents.utc import utc_now


class StoredFile(Protocol):
    """A file that is in the EvidenceStore already, as the evidence package describes it."""

    @property
    def key(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def variant(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def media_type(self) -> str: ...

    @property
    def captured_at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime | None: ...

    @property
    def clock(self) -> str: ...


class EvidenceLedger:
    """Writes evidence rows in the caller's transaction."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock

    def add(
        self,
        transaction: Connection,
        incident_id: UUID,
        file: StoredFile,
        model_sha256: tuple[str, ...] | None = None,
        rule_version: str | None = None,
    ) -> EvidenceRow:
        """Records one file; models and rule are the incident's unless given.

        Raises NotFoundError for an unknown incident.
        """
        incident = self._head(transaction, incident_id)
        models = incident["model_sha256"] if model_sha256 is None else model_sha256
        row: dict[str, Any] = {
            "id": uuid4(),
            "incident_id": incident_id,
            "seq": incident["evidence_count"] + 1,
            "kind": str(file.kind),
            "variant": str(file.variant),
            "key": file.key,
            "sha256": file.sha256,
            "size_bytes": file.size_bytes,
            "media_type": file.media_type,
            "captured_at": file.captured_at,
            "ends_at": file.ends_at,
            "clock": file.clock,
            "rule_version": rule_version or incident["rule_version"],
            "model_sha256": list(models),
            "previous_hash": incident["evidence_head"],
            "retention_class": retention_class(str(file.kind), str(file.variant)).value,
            "added_at": self._clock(),
            "deleted_at": None,
        }
        row["chain_hash"] = chain_hash(evidence_of({**row, "chain_hash": ""}))
        transaction.execute(insert(evidence).values(**row))
        transaction.execute(
            update(incidents)
            .where(incidents.c.id == incident_id)
            .values(evidence_count=row["seq"], evidence_head=row["chain_hash"])
        )
        return evidence_of(row)

    def _head(self, transaction: Connection, incident_id: UUID) -> Any:
        columns = ("evidence_count", "evidence_head", "rule_version", "model_sha256")
        query = (
            select(*(incidents.c[name] for name in columns))
            .where(incidents.c.id == incident_id)
            .with_for_update()
        )
        row = transaction.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(
                f"no incident has the id {incident_id}", code="no_incident", id=incident_id
            )
        return row
