"""Files of evidence that no row names: a kill came between the file and the commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import select

from detector.incidents.database import Database
from detector.incidents.schema import evidence
from detector.types import EvidenceStore

_OF_INCIDENTS: Final = re.compile(r"(?:[0-9]{4}/[0-9]{2}/[0-9]{2}|received)/")
"""Keys in folders by day, and those received from other instances, are incidents' files; others
(first frames) have a keeper of their own."""

_BATCH: Final = 500


class Orphans:
    """Remembers which unnamed files there were, for as long as the process lives.

    A look writes its files first and commits afterwards, so a file without a row may be a look
    in hand: only one that stays unnamed over `patience` has no owner.
    """

    def __init__(
        self, database: Database, store: EvidenceStore, patience: timedelta = timedelta(hours=1)
    ) -> None:
        self._database = database
        self._store = store
        self._patience = patience
        self._since: dict[str, datetime] = {}

    def ripe(self, now: datetime) -> list[str]:
        """Keys that no row has named since `patience` ago or longer."""
        found = set(self._unnamed())
        self._since = {key: self._since.get(key, now) for key in found}
        return sorted(key for key, since in self._since.items() if now - since >= self._patience)

    def _unnamed(self) -> Iterator[str]:
        keys = filter(_OF_INCIDENTS.match, self._store.keys())
        while batch := list(islice(keys, _BATCH)):
            yield from set(batch) - self._named(batch)

    def _named(self, keys: Iterable[str]) -> set[str]:
        query = select(evidence.c.key).where(evidence.c.key.in_(list(keys)))
        with self._database.reading() as transaction:
            return set(transaction.execute(query).scalars())
