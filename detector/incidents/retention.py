"""Deletes what has been kept long enough, and writes down that it did."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from detector.incidents.database import Database
from detector.incidents.evidence_row import EvidenceRow, evidence_of
from detector.incidents.letter import DeliveryState
from detector.incidents.orphans import Orphans
from detector.incidents.retention_class import RetentionClass
from detector.incidents.retention_config import RetentionConfig
from detector.incidents.retention_due import days_ago, hours_ago, may_go, records, with_case
from detector.incidents.schema import (
    cases,
    deletions,
    deliveries,
    evidence,
    incidents,
    presence,
    processed,
)
from detector.types import EvidenceStore

_log: Final = logging.getLogger(__name__)
_BATCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """How many of each class went in one run."""

    deleted: dict[RetentionClass, int]
    failed_keys: tuple[str, ...]  # files that could not be deleted; tried again next time


class Retention:
    """Enforces the config. Files go before their rows say so: after a crash in between they are
    deleted (again) by the next run, and none is left that no row knows."""

    def __init__(self, database: Database, store: EvidenceStore, config: RetentionConfig) -> None:
        self._database = database
        self._store = store
        self._config = config
        self._orphans = Orphans(database, store)

    def enforce(self, now: datetime) -> RetentionReport:
        """One run; work is cut into short transactions, so that looks need not wait."""
        config = self._config
        deleted: dict[RetentionClass, int] = {}
        failed: list[str] = []
        for kind, before in (
            (RetentionClass.FRAME, hours_ago(now, config.frames_h)),
            (RetentionClass.SHOWN, days_ago(now, config.shown_days)),
            (RetentionClass.SEALED, days_ago(now, config.sealed_days)),
            (RetentionClass.CLIP, days_ago(now, config.clips_days)),
        ):
            if before:
                deleted[kind] = self._files(kind, before, now, failed)
        deleted |= self._rows(now)
        for kind, which in records(now, config):
            deleted[kind] = self._whole_incidents(kind, which, now, failed)
        deleted[RetentionClass.ORPHAN] = self._sweep(now, failed)
        return RetentionReport(deleted=deleted, failed_keys=tuple(failed))

    def _files(
        self, kind: RetentionClass, before: datetime, now: datetime, failed: list[str]
    ) -> int:
        which = and_(evidence.c.retention_class == kind.value, evidence.c.added_at < before)
        if kind != RetentionClass.FRAME:
            which = and_(which, may_go(before))
        return self._delete_files(which, now, failed)

    def _delete_files(self, which: ColumnElement[bool], now: datetime, failed: list[str]) -> int:
        done = 0
        while rows := self._next_files(which, failed):
            gone = [row for row in rows if self._delete_file(row.key, failed)]
            with self._database.transaction() as transaction:
                for row in gone:
                    _tombstone(transaction, row, now)
            done += len(gone)
        return done

    def _next_files(self, which: ColumnElement[bool], failed: Sequence[str]) -> list[EvidenceRow]:
        query = (
            select(evidence)
            .where(which, evidence.c.deleted_at.is_(None), evidence.c.key.not_in(list(failed)))
            .limit(_BATCH)
        )
        with self._database.reading() as transaction:
            return [evidence_of(row) for row in transaction.execute(query).mappings()]

    def _delete_file(self, key: str, failed: list[str]) -> bool:
        try:
            self._store.delete(key)
        except Exception:
            _log.exception("evidence %s could not be deleted", key)
            failed.append(key)
            return False
        return True

    def _sweep(self, now: datetime, failed: list[str]) -> int:
        gone = [key for key in self._orphans.ripe(now) if self._delete_file(key, failed)]
        if gone:
            with self._database.transaction() as transaction:
                for key in gone:
                    _log_deletion(transaction, now, RetentionClass.ORPHAN, key, "no row named it")
        return len(gone)

    def _rows(self, now: datetime) -> dict[RetentionClass, int]:
        config = self._config
        ended = (DeliveryState.DELIVERED.value, DeliveryState.DISCARDED.value)
        deleted: dict[RetentionClass, int] = {}
        if before := hours_ago(now, config.presence_h):
            which = presence.c.saved_at < before
            deleted[RetentionClass.PRESENCE] = self._delete_rows(
                RetentionClass.PRESENCE, presence, which, now
            )
        if before := days_ago(now, config.processed_days):
            which = processed.c.at < before
            deleted[RetentionClass.PROCESSED] = self._delete_rows(
                RetentionClass.PROCESSED, processed, which, now
            )
        if before := days_ago(now, config.delivered_days):
            since = func.coalesce(deliveries.c.delivered_at, deliveries.c.due_at)
            which = and_(deliveries.c.state.in_(ended), since < before)
            deleted[RetentionClass.DELIVERY] = self._delete_rows(
                RetentionClass.DELIVERY, deliveries, which, now
            )
        return deleted

    def _delete_rows(
        self, kind: RetentionClass, table: Table, which: ColumnElement[bool], now: datetime
    ) -> int:
        with self._database.transaction() as transaction:
            count = transaction.execute(delete(table).where(which)).rowcount
            if count:
                _log_deletion(transaction, now, kind, f"{count} rows", "")
        return count

    def _whole_incidents(
        self, kind: RetentionClass, which: ColumnElement[bool], now: datetime, failed: list[str]
    ) -> int:
        done = 0
        skipped: list[UUID] = []
        while batch := self._next_incidents(which, skipped):
            for incident_id, number, head in batch:
                self._delete_files(evidence.c.incident_id == incident_id, now, failed)
                still = select(incidents.c.id).select_from(with_case()).where(which, ~_has_files())
                with self._database.transaction() as transaction:
                    # A file may be stuck, and a look may have brought it back meanwhile.
                    gone = transaction.execute(
                        delete(incidents).where(
                            incidents.c.id == incident_id, incidents.c.id.in_(still)
                        )
                    )
                    if not gone.rowcount:
                        skipped.append(incident_id)
                        continue
                    subject = number or f"incident {incident_id}"
                    _log_deletion(transaction, now, kind, subject, f"evidence head {head}")
                done += 1
        return done

    def _next_incidents(
        self, which: ColumnElement[bool], skipped: Sequence[UUID]
    ) -> list[tuple[UUID, str | None, str]]:
        query = (
            select(incidents.c.id, cases.c.number, incidents.c.evidence_head)
            .select_from(with_case())
            .where(which, incidents.c.id.not_in(list(skipped)))
            .limit(_BATCH)
        )
        with self._database.reading() as transaction:
            return [(row[0], row[1], row[2]) for row in transaction.execute(query)]


def _has_files() -> ColumnElement[bool]:
    return exists().where(evidence.c.incident_id == incidents.c.id, evidence.c.deleted_at.is_(None))


def _tombstone(transaction: Connection, row: EvidenceRow, now: datetime) -> None:
    """The row keeps its hash: the chain still verifies without the file."""
    transaction.execute(update(evidence).where(evidence.c.id == row.id).values(deleted_at=now))
    detail = f"incident {row.incident_id}, sha256 {row.sha256}"
    _log_deletion(transaction, now, RetentionClass(row.retention_class), row.key, detail)


def _log_deletion(
    transaction: Connection, now: datetime, kind: RetentionClass, subject: str, detail: str
) -> None:
    transaction.execute(
        insert(deletions).values(at=now, data_class=kind.value, subject=subject, detail=detail)
    )
