"""Sessions of signed-in people. The table holds hashes: a copy of it opens nothing."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from api.auth.config import AccessConfig
from api.auth.identity import Identity, Via
from api.auth.role import PERMISSIONS, Role
from detector.incidents import Database
from detector.incidents.access_schema import sessions, users
from detector.incidents.utc import utc_now

COOKIE: Final = "xunjie_session"
_NOTE_EVERY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    token: str  # goes into the cookie and nowhere else
    csrf: str
    longest_s: float


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, database: Database, config: AccessConfig) -> None:
        self._database = database
        self._config = config

    def begin(self, transaction: Connection, user_id: UUID, address: str) -> NewSession:
        """Also removes sessions that have run out."""
        now = utc_now()
        transaction.execute(delete(sessions).where(sessions.c.expires_at < now))
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        longest_s = self._config.session_longest_s
        transaction.execute(
            insert(sessions).values(
                token_hash=digest(token),
                user_id=user_id,
                csrf=csrf,
                address=address[:64],
                created_at=now,
                used_at=now,
                expires_at=now + timedelta(seconds=longest_s),
            )
        )
        return NewSession(token=token, csrf=csrf, longest_s=longest_s)

    def find(self, token: str, address: str) -> Identity | None:
        """None: unknown, run out, or its user is disabled."""
        now, token_hash = utc_now(), digest(token)
        idle = timedelta(seconds=self._config.session_idle_s)
        query = (
            select(sessions, users.c.name, users.c.role, users.c.must_change)
            .join(users, users.c.id == sessions.c.user_id)
            .where(
                sessions.c.token_hash == token_hash,
                sessions.c.expires_at > now,
                sessions.c.used_at > now - idle,
                users.c.disabled.is_(False),
            )
        )
        with self._database.reading() as transaction:
            row = transaction.execute(query).mappings().first()
        if row is None:
            return None
        if now - row["used_at"] > _NOTE_EVERY:
            with self._database.transaction() as transaction:
                transaction.execute(
                    update(sessions)
                    .where(sessions.c.token_hash == token_hash)
                    .values(used_at=now, address=address[:64])
                )
        role = Role(row["role"])
        return Identity(
            name=row["name"],
            via=Via.SESSION,
            address=address,
            permissions=PERMISSIONS[role],
            role=role,
            user_id=row["user_id"],
            csrf=row["csrf"],
            session_hash=token_hash,
            must_change=row["must_change"],
        )

    def end(self, token_hash: str) -> None:
        with self._database.transaction() as transaction:
            transaction.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def digest(secret: str) -> str:
    """The secrets are random and long: a plain hash is enough for them."""
    return hashlib.sha256(secret.encode()).hexdigest()
