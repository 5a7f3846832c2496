"""Numbers of cases for people."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from detector.incidents.dialect import insert_into
from detector.incidents.schema import counters


def next_case_number(transaction: Connection, day: date, prefix: str = "XJ") -> str:
    """E.g. XJ-20261124-000123: counts each day from 1, without gaps."""
    stamp = f"{day:%Y%m%d}"
    statement = (
        insert_into(transaction, counters)
        .values(name=f"case-{stamp}", value=1)
        .on_conflict_do_update(
            index_elements=[counters.c.name], set_={"value": counters.c.value + 1}
        )
        .returning(counters.c.value)
    )
    return f"{prefix}-{stamp}-{transaction.execute(statement).scalar_one():06d}"
