"""One machine of several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProfile:
    """What a node says of itself when it joins."""

    name: str
    host: str
    address: str
    """URL of its pages; empty where others cannot reach them."""

    capacity: float
    seal_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A row of the table of nodes."""

    name: str
    host: str
    address: str
    capacity: float
    cameras: int
    looks_per_s: float
    camera_list: str
    """Digest of the cameras it is configured for."""

    seal_key_id: str
    joined_at: datetime
    seen_at: datetime
    expires_in_s: float
    """Until what it holds is free, unless it says before that it lives; by the database's clock."""

    @property
    def alive(self) -> bool:
        return self.expires_in_s > 0
