"""Nodes over one database, with a clock by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from detector.cluster import CameraLostError, ClusterConfig, Fence, Load, Member, NodeProfile
from detector.incidents import Database
from detector.types import ConfigError
from tests.incidents.conftest import (
    database,
    migrated_file,
    postgres_database,
    postgres_migrated,
    postgres_url,
    sqlite_database,
)

__all__ = [
    "database",
    "migrated_file",
    "postgres_database",
    "postgres_migrated",
    "postgres_url",
    "sqlite_database",
]
CAMERAS = frozenset(f"cam-{n:02}" for n in range(12))


class Clock:
    """The database's clock and the machines' own, by hand."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def __call__(self, _transaction=None) -> datetime:
        return datetime(2026, 11, 24, 8, 0, tzinfo=UTC) + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return 1000 + self.passed_s

    def pass_s(self, seconds: float) -> None:
        self.passed_s += seconds


class Desk:
    """A Holder that looks at nothing."""

    def __init__(self, cameras=CAMERAS) -> None:
        self.cameras = frozenset(cameras)
        self.fences: dict[str, Fence] = {}
        self.unbuildable: set[str] = set()
        self.unsaved: list[str] = []
        self.heard: list[str] = []

    def units(self) -> frozenset[str]:
        return self.cameras

    def hold(self, fence: Fence) -> None:
        if fence.lease.unit in self.unbuildable:
            raise ConfigError(f"{fence.lease.unit}: no such channel")
        self.fences[fence.lease.unit] = fence

    def let_go(self, unit: str, *, save: bool) -> None:
        del self.fences[unit]
        if not save:
            self.unsaved.append(unit)

    def load(self) -> Load:
        return Load(cameras=len(self.fences), looks=0)

    def signalled(self, subject: str) -> None:
        self.heard.append(subject)


class Town:
    """Makes nodes; their threads are not started, each step is taken by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.config = ClusterConfig()

    def node(self, name: str, capacity: float = 1, desk: Desk | None = None, **values) -> Member:
        values = {"host": "h", "address": "", "seal_key_id": "k", **values}
        profile = NodeProfile(name=name, capacity=capacity, **values)
        node = Member(
            self.database,
            profile,
            self.config,
            desk or Desk(),
            ("duty: sweep",),
            self.clock,
            self.clock.monotonic,
        )
        node.join()
        return node

    def settle(self, *nodes: Member, rounds: int = 4) -> list[int]:
        """A few steps of each; how many cameras each has then."""
        for _ in range(rounds):
            for node in nodes:
                while node.share():
                    pass
        return [len(desk_of(node).fences) for node in nodes]

    def writes(self, fence: Fence) -> bool:
        """Whether a look of that holder would be written."""
        try:
            with self.database.transaction() as transaction:
                fence.check(transaction)
        except CameraLostError:
            return False
        return True


def desk_of(node: Member) -> Desk:
    return node._holder


@pytest.fixture
def town(database: Database) -> Town:
    return Town(database)


@pytest.fixture
def on_postgres(postgres_database: Database) -> Town:
    return Town(postgres_database)


@pytest.fixture
def desk() -> Callable[..., Desk]:
    return Desk
