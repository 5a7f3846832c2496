"""Tells all nodes that something was changed on one of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from detector.incidents import Database
from detector.incidents.dialect import insert_into
from detector.incidents.schema import counters

_PREFIX: Final = "signal-"


class Signals:
    """A counter a subject; who has seen an older number looks again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, subject: str) -> None:
        """To everybody, ourselves included."""
        with self._database.transaction() as transaction:
            counted = insert_into(transaction, counters).values(name=_PREFIX + subject, value=1)
            transaction.execute(
                counted.on_conflict_do_update(
                    index_elements=["name"], set_={"value": counters.c.value + 1}
                )
            )

    def all(self) -> dict[str, int]:
        """Subject to number."""
        query = select(counters).where(counters.c.name.startswith(_PREFIX))
        with self._database.reading() as transaction:
            rows = transaction.execute(query).all()
        return {row[0].removeprefix(_PREFIX): row[1] for row in rows}
