"""Tables of the machines that share a city's cameras, and of who looks at which."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table, Uuid

from detector.incidents.schema import metadata
from detector.incidents.utc import UtcDateTime

nodes: Final = Table(
    "nodes",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("incarnation", Uuid, nullable=False),  # of the process: the newest one has the name
    Column("host", String(200), nullable=False),
    Column("address", String(300), nullable=False),  # of its pages; empty: not reachable
    Column("capacity", Float, nullable=False),
    Column("cameras", Integer, nullable=False),  # looked at now
    Column("looks_per_s", Float, nullable=False),
    Column("camera_list", String(64), nullable=False),  # digest: all nodes should have the same
    Column("seal_key_id", String(32), nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # of everything that it holds
)

leases: Final = Table(
    "leases",
    metadata,
    Column("unit", String(200), primary_key=True),  # a camera, all moving sources, or a duty
    Column("holder", String(100), index=True),  # a node's name; null: free
    Column("epoch", BigInteger, nullable=False),  # counts holders: a write under an old one is void
    Column("changed_at", UtcDateTime, nullable=False),
)
