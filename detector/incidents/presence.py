"""What a source's tracker remembers, kept over a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from detector.incidents.dialect import insert_into
from detector.incidents.schema import presence


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPresence:
    """A tracker's state as JSON, and the source's time at which it was saved."""

    state: dict[str, Any]
    saved_at: datetime


def save_presence(
    transaction: Connection, source_id: str, state: dict[str, Any], at: datetime
) -> None:
    """In the look's own transaction: a dwell is never further than the incidents it led to."""
    values = {"state": state, "saved_at": at}
    transaction.execute(
        insert_into(transaction, presence)
        .values(source_id=source_id, **values)
        .on_conflict_do_update(index_elements=[presence.c.source_id], set_=values)
    )


def load_presence(transaction: Connection, source_id: str) -> SavedPresence | None:
    """None: nothing was saved, or it has passed its retention."""
    query = select(presence).where(presence.c.source_id == source_id)
    row = transaction.execute(query).mappings().first()
    return None if row is None else SavedPresence(state=row["state"], saved_at=row["saved_at"])
