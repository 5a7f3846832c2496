"""Signing in and out, and the care of accounts; everything leaves its audit row."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from api.auth.api_keys import ApiKey, ApiKeys
from api.auth.audit import AuditLog, service_itself
from api.auth.config import AccessConfig
from api.auth.errors import (
    ForbiddenError,
    InvalidAccountError,
    LockedError,
    NotSignedInError,
    WrongPasswordError,
)
from api.auth.identity import Identity, Via
from api.auth.password import hash_password, new_password, password_fits
from api.auth.role import Permission, Role
from api.auth.sessions import NewSession, Sessions
from api.auth.throttle import Throttle
from api.auth.users import User, Users, clean_name, read_user
from detector.incidents import Database
from detector.incidents.access_schema import users
from detector.incidents.utc import utc_now

FIRST_USER: Final = "admin"
EXTERNAL: Final = "oidc"  # in place of a password's hash; no password fits it
_LINK_S: Final = 3600.0


class Access:
    """The one who knows people and machines."""

    def __init__(self, database: Database, config: AccessConfig) -> None:
        self.config = config
        self.users = Users(database)
        self.sessions = Sessions(database, config)
        self.keys = ApiKeys(database)
        self.audit = AuditLog(database)
        self._database = database
        self._throttle = Throttle(config.address_failures, config.lock_for_s)
        self._links: dict[str, tuple[str, float]] = {}
        self._links_lock = threading.Lock()

    def first_administrator(self) -> str | None:
        """Where there is no user yet: makes one and returns its one-time password."""
        if self.users.any():
            return None
        try:
            return self.add_user(service_itself(), FIRST_USER, Role.ADMINISTRATOR)[1]
        except (InvalidAccountError, IntegrityError):
            return None  # another node of the city was first, and has told its password

    def sign_in(self, name: str, password: str, address: str) -> NewSession:
        """Raises WrongPasswordError or LockedError."""
        self._throttle.check(address)
        name = name.strip().lower()[:64]
        who = Identity(name=name, via=Via.SESSION, address=address, permissions=frozenset())
        with self._database.reading() as transaction:
            query = select(users).where(users.c.name == name, users.c.disabled.is_(False))
            row = transaction.execute(query).mappings().first()
        now = utc_now()
        if row and row["locked_until"] and row["locked_until"] > now:
            wait_s = (row["locked_until"] - now).total_seconds()
            raise LockedError(
                f"locked after too many failures; wait {wait_s:.0f} s",
                wait_s,
                code="account_locked",
            )
        if not password_fits(row["password_hash"] if row else "", password) or row is None:
            self._throttle.failed(address)
            self._failed(who, row["id"] if row else None)
            raise WrongPasswordError("name or password is wrong", code="sign_in_wrong")
        with self._database.transaction() as transaction:
            values = {"failures": 0, "locked_until": None, "last_login_at": now}
            transaction.execute(update(users).where(users.c.id == row["id"]).values(**values))
            self.audit.write(transaction, who, "signed_in")
            return self.sessions.begin(transaction, row["id"], address)

    def sign_out(self, who: Identity) -> None:
        self.sessions.end(who.session_hash)
        self.audit.add(who, "signed_out")

    def login_link(self, name: str, role: Role) -> str:
        """A token that signs in once, for a user that is made where missing; kept in memory."""
        with self._database.transaction() as transaction:
            found = transaction.execute(select(users.c.id).where(users.c.name == name)).first()
            if found is None:
                self.users.add(transaction, name, role, "", must_change=False)
        token = secrets.token_urlsafe(24)
        with self._links_lock:
            self._links[token] = (name, time.monotonic() + _LINK_S)
        return token

    def enter(self, token: str, address: str) -> NewSession:
        """Takes a login link; it opens once. Raises NotSignedInError."""
        with self._links_lock:
            name, until_s = self._links.pop(token, ("", 0.0))
        if time.monotonic() >= until_s:
            raise NotSignedInError("this link has been used, or has run out", code="link_used")
        who = Identity(name=name, via=Via.SESSION, address=address, permissions=frozenset())
        with self._database.transaction() as transaction:
            user = read_user(transaction, name)
            self.audit.write(transaction, who, "signed_in", detail={"by": "one-time link"})
            return self.sessions.begin(transaction, user.id, address)

    def sign_in_external(self, name: str, role: Role, address: str) -> NewSession:
        """Somebody whom the city's provider has named; its role is the provider's of today.

        Raises InvalidAccountError for a name that an account of this service has, and
        ForbiddenError for one that was disabled here.
        """
        name = clean_name(name)
        who = Identity(name=name, via=Via.SESSION, address=address, permissions=frozenset())
        with self._database.transaction() as transaction:
            query = select(users).where(users.c.name == name)
            row = transaction.execute(query).mappings().first()
            if row is None:
                self.users.add(transaction, name, role, EXTERNAL, must_change=False)
            elif row["password_hash"] != EXTERNAL:
                raise InvalidAccountError(
                    f"{name} is the name of an account of this service",
                    code="name_of_own_account",
                    name=name,
                )
            elif row["disabled"]:
                raise ForbiddenError(
                    f"{name} was disabled here", code="account_disabled", name=name
                )
            values = {"role": role.value, "last_login_at": utc_now()}
            transaction.execute(update(users).where(users.c.name == name).values(**values))
            user = read_user(transaction, name)
            detail = {"by": "oidc", "role": role.value}
            self.audit.write(transaction, who, "signed_in", detail=detail)
            return self.sessions.begin(transaction, user.id, address)

    def external_failed(self, why: str, address: str) -> None:
        """Told in the audit log, until the address has failed so often that it is not heard."""
        try:
            self._throttle.check(address)
        except LockedError:
            return
        self._throttle.failed(address)
        who = Identity(name="", via=Via.SESSION, address=address, permissions=frozenset())
        self.audit.add(who, "sign_in_failed", detail={"by": "oidc", "why": why[:300]})

    def change_password(self, who: Identity, old: str, new: str) -> None:
        """Ends the user's other sessions. Raises WrongPasswordError or InvalidAccountError."""
        self._throttle.check(who.address)
        with self._database.reading() as transaction:
            query = select(users.c.password_hash).where(users.c.id == who.user_id)
            kept = transaction.execute(query).scalar() or ""
        if kept and not password_fits(kept, old):
            self._throttle.failed(who.address)
            raise WrongPasswordError("the old password is wrong", code="old_password_wrong")
        self._check_new(new, old, who.name)
        hashed = hash_password(new)
        with self._database.transaction() as transaction:
            transaction.execute(
                update(users)
                .where(users.c.id == who.user_id)
                .values(password_hash=hashed, must_change=False)
            )
            if who.user_id is not None:
                self.users.end_sessions(transaction, who.user_id, keep_hash=who.session_hash)
            self.audit.write(transaction, who, "password_changed")

    def add_user(self, who: Identity, name: str, role: Role) -> tuple[User, str]:
        """The user and a one-time password, which must be changed at the first sign-in."""
        password = new_password()
        hashed = hash_password(password)
        with self._database.transaction() as transaction:
            user = self.users.add(transaction, name, role, hashed, must_change=True)
            self.audit.write(transaction, who, "user_added", user.name, {"role": role})
        return user, password

    def reset_password(self, who: Identity, name: str) -> tuple[User, str]:
        """A new one-time password; ends the user's sessions and lifts a lock."""
        password = new_password()
        hashed = hash_password(password)
        with self._database.transaction() as transaction:
            user = self.users.change(
                transaction,
                name,
                password_hash=hashed,
                must_change=True,
                failures=0,
                locked_until=None,
            )
            self.users.end_sessions(transaction, user.id)
            self.audit.write(transaction, who, "password_reset", user.name)
        return user, password

    def change_user(
        self, who: Identity, name: str, *, role: Role | None = None, disabled: bool | None = None
    ) -> User:
        """Takes effect at the user's next request."""
        values: dict[str, object] = {}
        if role is not None:
            values["role"] = role.value
        if disabled is not None:
            values["disabled"] = disabled
        if not values:
            raise InvalidAccountError(
                "name a role, or whether the user is disabled", code="nothing_to_change"
            )
        with self._database.transaction() as transaction:
            user = self.users.change(transaction, name, **values)
            if disabled:
                self.users.end_sessions(transaction, user.id)
            self.audit.write(transaction, who, "user_changed", user.name, values)
        return user

    def add_key(
        self, who: Identity, name: str, scopes: list[Permission], expires_at: datetime | None
    ) -> tuple[ApiKey, str]:
        with self._database.transaction() as transaction:
            key, secret = self.keys.add(transaction, name, scopes, who.name, expires_at)
            self.audit.write(transaction, who, "key_added", name, {"scopes": list(key.scopes)})
        return key, secret

    def revoke_key(self, who: Identity, key_id: UUID) -> ApiKey:
        with self._database.transaction() as transaction:
            key = self.keys.revoke(transaction, key_id)
            self.audit.write(transaction, who, "key_revoked", key.name)
        return key

    def _failed(self, who: Identity, user_id: UUID | None) -> None:
        with self._database.transaction() as transaction:
            if user_id is not None:
                self._count_failure(transaction, user_id)
            self.audit.write(transaction, who, "sign_in_failed")

    def _count_failure(self, transaction: Connection, user_id: UUID) -> None:
        failures = transaction.execute(
            update(users)
            .where(users.c.id == user_id)
            .values(failures=users.c.failures + 1)
            .returning(users.c.failures)
        ).scalar_one()
        if failures >= self.config.lock_after_failures:
            until = utc_now() + timedelta(seconds=self.config.lock_for_s)
            transaction.execute(
                update(users).where(users.c.id == user_id).values(failures=0, locked_until=until)
            )

    def _check_new(self, new: str, old: str, name: str) -> None:
        least = self.config.min_password_chars
        if not least <= len(new) <= 256:
            raise InvalidAccountError(
                f"a password has {least} to 256 characters",
                code="password_length",
                least=least,
                most=256,
            )
        if new == old or name in new.lower() or len(set(new)) < 5:
            raise InvalidAccountError(
                "the new password must differ from the old one, not hold the user's name, and "
                "have at least five different characters",
                code="password_weak",
            )
