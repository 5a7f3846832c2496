"""The table of nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from detector.cluster.errors import NodeReplacedError
from detector.cluster.node import Node, NodeProfile
from detector.incidents import Database
from detector.incidents.cluster_schema import leases, nodes
from detector.incidents.dialect import database_now, insert_into
from detector.types import ConfigError

Clock = Callable[[Connection], datetime]
_SHOWN: Final = timedelta(days=1)  # a node that is gone stays on the pages so long


class NodeBook:
    """One node's own row, and everybody's to read."""

    def __init__(
        self,
        database: Database,
        profile: NodeProfile,
        incarnation: UUID,
        lease_s: float,
        clock: Clock = database_now,
    ) -> None:
        self._database = database
        self._profile = profile
        self._incarnation = incarnation
        self._lease = timedelta(seconds=lease_s)
        self._clock = clock

    @property
    def name(self) -> str:
        return self._profile.name

    def answers_at(self, address: str) -> None:
        """Where the pages are; before `join`. The configured address stays."""
        if not self._profile.address:
            self._profile = replace(self._profile, address=address)

    def join(self, camera_list: str) -> None:
        """Takes the name, also from an earlier process that has it still; what that one held is
        free. Raises ConfigError where living nodes seal evidence with another key."""
        profile = self._profile
        with self._database.transaction() as transaction:
            now = self._clock(transaction)
            _demand_same_key(transaction, profile, now)
            values = {
                "incarnation": self._incarnation,
                "host": profile.host,
                "address": profile.address,
                "capacity": profile.capacity,
                "cameras": 0,
                "looks_per_s": 0.0,
                "camera_list": camera_list,
                "seal_key_id": profile.seal_key_id,
                "joined_at": now,
                "seen_at": now,
                "expires_at": now + self._lease,
            }
            taken = insert_into(transaction, nodes).values(name=profile.name, **values)
            transaction.execute(taken.on_conflict_do_update(index_elements=["name"], set_=values))
            _free(transaction, profile.name, now)
            transaction.execute(delete(nodes).where(nodes.c.expires_at < now - _SHOWN))

    def beat(self, cameras: int, looks_per_s: float, camera_list: str) -> None:
        """Lives on. Raises NodeReplacedError."""
        with self._database.transaction() as transaction:
            now = self._clock(transaction)
            beaten = transaction.execute(
                update(nodes)
                .where(self._mine())
                .values(
                    cameras=cameras,
                    looks_per_s=looks_per_s,
                    camera_list=camera_list,
                    seen_at=now,
                    expires_at=now + self._lease,
                )
            )
            if not beaten.rowcount:
                raise NodeReplacedError(f"another process runs as node {self.name} by now")

    def leave(self) -> None:
        """What it held is free at once. Nothing happens where the name is another process's."""
        with self._database.transaction() as transaction:
            if transaction.execute(delete(nodes).where(self._mine())).rowcount:
                _free(transaction, self.name, self._clock(transaction))

    def demand_mine(self, transaction: Connection) -> None:
        """Raises NodeReplacedError where another process has the name; it cannot take it before
        the transaction ends."""
        query = select(nodes.c.name).where(self._mine()).with_for_update(read=True)
        if transaction.execute(query).first() is None:
            raise NodeReplacedError(f"another process runs as node {self.name} by now")

    def all(self) -> tuple[Node, ...]:
        """By name, those lately gone too."""
        with self._database.reading() as transaction:
            return read_nodes(transaction, self._clock(transaction))

    def _mine(self) -> Any:
        return (nodes.c.name == self.name) & (nodes.c.incarnation == self._incarnation)


def read_nodes(transaction: Connection, now: datetime) -> tuple[Node, ...]:
    """By name."""
    rows = transaction.execute(select(nodes).order_by(nodes.c.name)).mappings()
    told = [name for name in Node.__slots__ if name != "expires_in_s"]
    return tuple(
        Node(
            expires_in_s=(row["expires_at"] - now).total_seconds(),
            **{name: row[name] for name in told},
        )
        for row in rows
    )


def _free(transaction: Connection, name: str, now: datetime) -> None:
    held = leases.c.holder == name
    transaction.execute(update(leases).where(held).values(holder=None, changed_at=now))


def _demand_same_key(transaction: Connection, profile: NodeProfile, now: datetime) -> None:
    for node in read_nodes(transaction, now):
        if node.alive and node.name != profile.name and node.seal_key_id != profile.seal_key_id:
            raise ConfigError(
                f"node {node.name} seals evidence with key {node.seal_key_id}, this one with"
                f" {profile.seal_key_id}: give all nodes the same evidence.sealing.key_path"
            )
