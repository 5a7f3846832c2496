"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from api.auth.role import Permission, Role


class Via(StrEnum):
    SESSION = "session"
    KEY = "key"
    COMMAND = "command"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A signed-in person or a machine with a key."""

    name: str  # the user's; of a key: "key " and its name
    via: Via
    address: str
    permissions: frozenset[Permission]
    role: Role | None = None  # None: a key
    user_id: UUID | None = None
    csrf: str = ""
    session_hash: str = ""
    must_change: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def acting_as(self, named: str | None) -> str:
        """The name that records carry: people act as themselves; a machine may name the person
        that it acts for, and stays visible beside it."""
        if self.via is not Via.KEY:
            return self.name
        return f"{named} ({self.name})"[:100] if named else self.name
