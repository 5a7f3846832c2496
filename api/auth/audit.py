"""The audit log: rows are added, chained by their hashes, and never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from api.auth.identity import Identity, Via
from detector.incidents import Database
from detector.incidents.access_schema import audit_log
from detector.incidents.dialect import insert_into, lock_names
from detector.incidents.schema import counters
from detector.incidents.utc import utc_now
from detector.types import XunjieError

START: Final = "0" * 64
_COUNTER: Final = "audit_log"
_MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line. The hash covers everything before it."""

    seq: int
    at: datetime
    actor: str
    via: str
    action: str
    subject: str
    detail: str  # JSON
    address: str
    previous_hash: str
    entry_hash: str


class AuditFault(XunjieError):
    """A place where the log is not as it was written. Told in a report, never raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What a check of the whole log found. `head` can be noted elsewhere and asked for later."""

    entries: int
    head: str
    faults: tuple[AuditFault, ...]

    @property
    def intact(self) -> bool:
        return not self.faults


class AuditLog:
    """Appends and reads. Entries of one transaction stand or fall with it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, who: Identity, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        with self._database.transaction() as transaction:
            self.write(transaction, who, action, subject, detail)

    def write(
        self,
        transaction: Connection,
        who: Identity,
        action: str,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        lock_names(transaction, [_COUNTER])
        last = transaction.execute(
            select(audit_log.c.seq, audit_log.c.entry_hash)
            .order_by(audit_log.c.seq.desc())
            .limit(1)
        ).first()
        seq, previous = (last[0] + 1, last[1]) if last else (1, START)
        row = {
            "seq": seq,
            "at": utc_now(),
            "actor": who.name[:100],
            "via": who.via.value,
            "action": action,
            "subject": subject[:300],
            "detail": json.dumps(detail or {}, ensure_ascii=False, sort_keys=True),
            "address": who.address[:64],
            "previous_hash": previous,
        }
        transaction.execute(insert(audit_log).values(**row, entry_hash=_hash(row)))
        counted = insert_into(transaction, counters).values(name=_COUNTER, value=seq)
        transaction.execute(
            counted.on_conflict_do_update(index_elements=["name"], set_={"value": seq})
        )

    def entries(
        self,
        *,
        before_seq: int | None = None,
        actor: str | None = None,
        action: str | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Newest first."""
        query = select(audit_log).order_by(audit_log.c.seq.desc()).limit(min(limit, _MOST))
        if before_seq is not None:
            query = query.where(audit_log.c.seq < before_seq)
        if actor:
            query = query.where(audit_log.c.actor == actor)
        if action:
            query = query.where(audit_log.c.action == action)
        with self._database.reading() as transaction:
            return tuple(_entry(row) for row in transaction.execute(query).mappings())

    def verify(self, noted_head: str | None = None) -> AuditReport:
        """Reads the whole log. With a head noted earlier it must still stand in it: that shows a
        log that was written anew from some line on."""
        faults: list[AuditFault] = []
        with self._database.reading() as transaction:
            counted = transaction.execute(
                select(counters.c.value).where(counters.c.name == _COUNTER)
            ).scalar()
            head, entries, seen = START, 0, noted_head in (None, START)
            for entry in _all(transaction):
                faults += _faults(entry, entries + 1, head)
                entries, head = entries + 1, entry.entry_hash
                seen = seen or head == noted_head
        if (counted or 0) != entries:
            faults.append(
                AuditFault(
                    f"{counted or 0} entries were written, {entries} are there",
                    code="audit_count",
                    written=counted or 0,
                    count=entries,
                )
            )
        if not seen:
            faults.append(
                AuditFault(
                    f"no entry has the noted head {noted_head}", code="audit_head", head=noted_head
                )
            )
        return AuditReport(entries=entries, head=head, faults=tuple(faults))


def _all(transaction: Connection) -> Iterator[AuditEntry]:
    query = select(audit_log).order_by(audit_log.c.seq).execution_options(yield_per=1000)
    for row in transaction.execute(query).mappings():
        yield _entry(row)


def _faults(entry: AuditEntry, expected_seq: int, head: str) -> Iterator[AuditFault]:
    if entry.seq != expected_seq:
        yield AuditFault(
            f"entry {expected_seq} is not there: {entry.seq} follows",
            code="audit_missing",
            seq=expected_seq,
        )
    elif entry.previous_hash != head:
        yield AuditFault(
            f"entry {entry.seq} does not follow the one before it",
            code="audit_order",
            seq=entry.seq,
        )
    values = {name: getattr(entry, name) for name in AuditEntry.__slots__ if name != "entry_hash"}
    if _hash(values) != entry.entry_hash:
        yield AuditFault(
            f"entry {entry.seq} ({entry.action} by {entry.actor}) was changed",
            code="audit_changed",
            seq=entry.seq,
        )


def _hash(values: Mapping[str, Any]) -> str:
    plain = {**values, "at": values["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__slots__})


def command_line() -> Identity:
    """For what is done by a command on the machine itself."""
    return Identity(name="command line", via=Via.COMMAND, address="", permissions=frozenset())


def service_itself() -> Identity:
    return Identity(name="xunjie", via=Via.SERVICE, address="", permissions=frozenset())
