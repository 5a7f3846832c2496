"""Pictures that are examined once, also across a restart."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from detector.incidents.dialect import insert_into
from detector.incidents.schema import processed


def mark_processed(transaction: Connection, origin_key: str, source_id: str, at: datetime) -> bool:
    """False where it was marked before: the caller then undoes or skips its look."""
    written = transaction.execute(
        insert_into(transaction, processed)
        .values(origin_key=origin_key, source_id=source_id, at=at)
        .on_conflict_do_nothing(index_elements=[processed.c.origin_key])
        .returning(processed.c.origin_key)
    )
    return written.first() is not None


def is_processed(transaction: Connection, origin_key: str) -> bool:
    query = select(processed.c.at).where(processed.c.origin_key == origin_key)
    return transaction.execute(query).first() is not None
