"""The table of leases."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Connection, or_, select, update

from detector.cluster.lease import Lease
from detector.cluster.node_book import Clock, NodeBook
from detector.incidents import Database
from detector.incidents.cluster_schema import leases, nodes
from detector.incidents.dialect import database_now, insert_into

_BATCH: Final = 500


class LeaseBook:
    """What one node holds, takes and gives back."""

    def __init__(self, database: Database, book: NodeBook, clock: Clock = database_now) -> None:
        self._database = database
        self._book = book
        self._clock = clock

    def enrol(self, units: Collection[str]) -> None:
        """Makes rows for units that have none yet: free ones."""
        with self._database.reading() as transaction:
            known = set(transaction.execute(select(leases.c.unit)).scalars())
        fresh_units = sorted(set(units) - known)
        for begin in range(0, len(fresh_units), _BATCH):
            some = fresh_units[begin : begin + _BATCH]
            with self._database.transaction() as transaction:
                now = self._clock(transaction)
                rows = [{"unit": u, "holder": None, "epoch": 0, "changed_at": now} for u in some]
                fresh = insert_into(transaction, leases).values(rows)
                transaction.execute(fresh.on_conflict_do_nothing(index_elements=["unit"]))

    def mine(self) -> dict[str, int]:
        """Units that this node holds, with their epochs."""
        query = select(leases.c.unit, leases.c.epoch).where(leases.c.holder == self._book.name)
        with self._database.reading() as transaction:
            return {row[0]: row[1] for row in transaction.execute(query)}

    def free(self) -> set[str]:
        """Units that nobody alive holds."""
        with self._database.reading() as transaction:
            free = self._is_free(transaction)
            return set(transaction.execute(select(leases.c.unit).where(free)).scalars())

    def holders(self) -> dict[str, str]:
        """Unit to living holder."""
        with self._database.reading() as transaction:
            held = leases.join(nodes, nodes.c.name == leases.c.holder)
            alive = nodes.c.expires_at > self._clock(transaction)
            query = select(leases.c.unit, leases.c.holder).select_from(held).where(alive)
            return {row[0]: row[1] for row in transaction.execute(query)}

    def claim(self, units: Iterable[str]) -> tuple[Lease, ...]:
        """Those of the units that are free, each under a new epoch. What another node is just
        taking, or what a look is just being written for, is left out (SKIP LOCKED).

        Raises NodeReplacedError.
        """
        with self._database.transaction() as transaction:
            self._book.demand_mine(transaction)
            wanted = leases.c.unit.in_(list(units)) & self._is_free(transaction)
            free = select(leases.c.unit).where(wanted).order_by(leases.c.unit)
            locked = transaction.execute(free.with_for_update(skip_locked=True)).scalars().all()
            taken = transaction.execute(
                update(leases)
                .where(leases.c.unit.in_(locked))
                .values(
                    holder=self._book.name,
                    epoch=leases.c.epoch + 1,
                    changed_at=self._clock(transaction),
                )
                .returning(leases.c.unit, leases.c.epoch)
            )
            return tuple(Lease(unit=row[0], holder=self._book.name, epoch=row[1]) for row in taken)

    def release(self, held: Collection[Lease]) -> None:
        """Free at once; those that another node has by now are left alone."""
        with self._database.transaction() as transaction:
            now = self._clock(transaction)
            for lease in sorted(held, key=lambda each: each.unit):
                ours = (
                    (leases.c.unit == lease.unit)
                    & (leases.c.holder == lease.holder)
                    & (leases.c.epoch == lease.epoch)
                )
                transaction.execute(update(leases).where(ours).values(holder=None, changed_at=now))

    def _is_free(self, transaction: Connection) -> Any:
        alive = select(nodes.c.name).where(nodes.c.expires_at > self._clock(transaction))
        return or_(leases.c.holder.is_(None), leases.c.holder.not_in(alive))
