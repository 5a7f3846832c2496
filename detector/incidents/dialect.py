"""The few places where SQLite and PostgreSQL are spoken to differently."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from detector.incidents.utc import utc_now


def insert_into(transaction: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    if transaction.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def lock_names(transaction: Connection, names: Iterable[str]) -> None:
    """Holds these names until the transaction ends, so that two processes take turns.

    SQLite has a single writer anyway. Sorted, so that two takers of several never deadlock.
    """
    if transaction.dialect.name == "sqlite":
        return
    for name in sorted(set(names)):
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "big", signed=True)
        transaction.execute(select(func.pg_advisory_xact_lock(key)))


def database_now(transaction: Connection) -> datetime:
    """The clock that all processes on a database share: machines' own clocks may differ."""
    if transaction.dialect.name == "sqlite":
        return utc_now()
    now: datetime = transaction.execute(select(func.clock_timestamp())).scalar_one()
    return now
