"""The accounts of people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, insert, select, update

from api.auth.errors import InvalidAccountError
from api.auth.role import Role
from detector.incidents import Database, NotFoundError
from detector.incidents.access_schema import sessions, users
from detector.incidents.utc import utc_now

_NAME: Final = re.compile(r"[\w.\-]{2,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account as pages and routes see it: without the password's hash."""

    id: UUID
    name: str
    role: Role
    must_change: bool  # the password was given by somebody else
    disabled: bool
    locked_until: datetime | None
    created_at: datetime
    last_login_at: datetime | None


class Users:
    """Reads and changes accounts; passwords arrive here as hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[User, ...]:
        with self._database.reading() as transaction:
            rows = transaction.execute(select(users).order_by(users.c.name)).mappings()
            return tuple(user_of(row) for row in rows)

    def any(self) -> bool:
        with self._database.reading() as transaction:
            return bool(transaction.execute(select(func.count()).select_from(users)).scalar())

    def add(
        self, transaction: Connection, name: str, role: Role, password_hash: str, must_change: bool
    ) -> User:
        """Raises InvalidAccountError for a name that is taken or cannot be used."""
        name = clean_name(name)
        if transaction.execute(select(users.c.id).where(users.c.name == name)).first():
            raise InvalidAccountError(
                f"a user {name} exists already", code="user_exists", name=name
            )
        values = {
            "id": uuid4(),
            "name": name,
            "role": role.value,
            "password_hash": password_hash,
            "must_change": must_change,
            "disabled": False,
            "failures": 0,
            "created_at": utc_now(),
        }
        transaction.execute(insert(users).values(**values))
        return read_user(transaction, name)

    def change(self, transaction: Connection, name: str, **values: Any) -> User:
        """Raises NotFoundError, and InvalidAccountError where no administrator would be left."""
        user = read_user(transaction, clean_name(name))
        transaction.execute(update(users).where(users.c.id == user.id).values(**values))
        left = select(func.count()).where(
            users.c.role == Role.ADMINISTRATOR.value, users.c.disabled.is_(False)
        )
        if not transaction.execute(left).scalar():
            raise InvalidAccountError(
                f"{user.name} is the last administrator that can sign in",
                code="last_administrator",
                name=user.name,
            )
        return read_user(transaction, user.name)

    def end_sessions(self, transaction: Connection, user_id: UUID, keep_hash: str = "") -> None:
        transaction.execute(
            sessions.delete().where(
                sessions.c.user_id == user_id, sessions.c.token_hash != keep_hash
            )
        )


def clean_name(name: str) -> str:
    """Lower case. Raises InvalidAccountError."""
    cleaned = name.strip().lower()
    if not _NAME.fullmatch(cleaned):
        raise InvalidAccountError(
            "a user's name has 2 to 64 letters, digits, '.', '_' or '-'", code="user_name"
        )
    return cleaned


def read_user(transaction: Connection, name: str) -> User:
    """Raises NotFoundError."""
    row = transaction.execute(select(users).where(users.c.name == name)).mappings().first()
    if row is None:
        raise NotFoundError(f"no user has the name {name[:64]}", code="no_user", name=name[:64])
    return user_of(row)


def user_of(row: Any) -> User:
    values = {field: row[field] for field in User.__slots__}
    return User(**{**values, "role": Role(values["role"])})
