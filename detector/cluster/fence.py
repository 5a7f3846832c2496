"""Lets nobody write whose time is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, func, select

from detector.cluster.errors import CameraLostError
from detector.cluster.lease import Lease
from detector.incidents.cluster_schema import leases

_SESSION_LIMIT: Final = "idle_in_transaction_session_timeout"


class Fence:
    """Belongs to one lease. A process that was paused, or cut off, and wakes up in the middle of
    a look finds its epoch gone and writes nothing.

    The lease's row stays locked (FOR SHARE) until the look's transaction ends: nobody takes the
    camera between the check and the commit. A process that stops within the transaction would
    keep it for ever, so the server ends a session that lies idle in one for the lease's time.
    """

    def __init__(self, lease: Lease, lease_s: float, alive: Callable[[], bool]) -> None:
        """`alive`: whether the node has renewed its row in time, by its own clock."""
        self.lease = lease
        self._idle_ms = f"{max(1, round(lease_s * 1000))}ms"
        self._alive = alive

    def check(self, transaction: Connection) -> None:
        """First in every transaction that writes for the camera. Raises CameraLostError."""
        lease = self.lease
        column = leases.c.epoch
        query = select(column).where(leases.c.unit == lease.unit, leases.c.holder == lease.holder)
        if transaction.dialect.name != "sqlite":
            query = query.add_columns(func.set_config(_SESSION_LIMIT, self._idle_ms, True))
        row = transaction.execute(query.with_for_update(read=True)).first()
        if row is None or row[0] != lease.epoch:
            raise self._lost()

    def check_own_clock(self) -> None:
        """Without the database: before files are touched. Raises CameraLostError."""
        if not self._alive():
            raise self._lost()

    def _lost(self) -> CameraLostError:
        lease = self.lease
        return CameraLostError(
            f"{lease.unit}: {lease.holder} holds it no more; nothing was written"
        )
