"""When earlier incidents were opened, for deciding where to look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from detector.incidents.schema import incidents


def opened_by_source(transaction: Connection, since: datetime) -> dict[str, list[datetime]]:
    """Opening times of each source's incidents since then."""
    query = select(incidents.c.source_id, incidents.c.opened_at).where(
        incidents.c.opened_at >= since
    )
    found: dict[str, list[datetime]] = {}
    for source_id, opened_at in transaction.execute(query):
        found.setdefault(source_id, []).append(opened_at)
    return found
