"""Keys for machines: each has scopes, and can be revoked."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert, or_, select, update

from api.auth.errors import InvalidAccountError
from api.auth.identity import Identity, Via
from api.auth.role import KEY_SCOPES, Permission
from api.auth.sessions import digest
from detector.incidents import Database, NotFoundError
from detector.incidents.access_schema import api_keys
from detector.incidents.utc import utc_now

PREFIX: Final = "xj_"
_NOTE_EVERY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is listed: the secret was shown once, when it was made."""

    id: UUID
    name: str
    scopes: tuple[Permission, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class ApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[ApiKey, ...]:
        with self._database.reading() as transaction:
            rows = transaction.execute(select(api_keys).order_by(api_keys.c.created_at)).mappings()
            return tuple(_key_of(row) for row in rows)

    def add(
        self,
        transaction: Connection,
        name: str,
        scopes: Iterable[Permission],
        created_by: str,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """The key and its secret. Raises InvalidAccountError for a scope that keys cannot have."""
        wanted = sorted(set(scopes))
        refused = [scope.value for scope in wanted if scope not in KEY_SCOPES]
        if refused or not wanted:
            known = ", ".join(sorted(KEY_SCOPES))
            raise InvalidAccountError(
                f"a key needs scopes from: {known}", code="key_scopes", scopes=known
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        key_id = uuid4()
        transaction.execute(
            insert(api_keys).values(
                id=key_id,
                name=name[:64],
                key_hash=digest(secret),
                scopes=[scope.value for scope in wanted],
                created_by=created_by[:64],
                created_at=utc_now(),
                expires_at=expires_at,
            )
        )
        return read_key(transaction, key_id), secret

    def revoke(self, transaction: Connection, key_id: UUID) -> ApiKey:
        """At once and for good; again is harmless. Raises NotFoundError."""
        transaction.execute(
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=utc_now())
        )
        return read_key(transaction, key_id)

    def find(self, secret: str, address: str) -> Identity | None:
        """None: unknown, revoked or run out."""
        now = utc_now()
        query = select(api_keys).where(
            api_keys.c.key_hash == digest(secret),
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
        )
        with self._database.reading() as transaction:
            row = transaction.execute(query).mappings().first()
        if row is None:
            return None
        if row["used_at"] is None or now - row["used_at"] > _NOTE_EVERY:
            with self._database.transaction() as transaction:
                transaction.execute(
                    update(api_keys).where(api_keys.c.id == row["id"]).values(used_at=now)
                )
        key = _key_of(row)
        return Identity(
            name=f"key {key.name}",
            via=Via.KEY,
            address=address,
            permissions=frozenset(key.scopes),
        )


def read_key(transaction: Connection, key_id: UUID) -> ApiKey:
    row = transaction.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"no API key has the id {key_id}", code="no_key", id=key_id)
    return _key_of(row)


def _key_of(row: Any) -> ApiKey:
    values = {field: row[field] for field in ApiKey.__slots__}
    return ApiKey(**{**values, "scopes": tuple(Permission(s) for s in values["scopes"])})
