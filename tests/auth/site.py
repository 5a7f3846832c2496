"""A running service behind its door, and clients that are signed in to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from api.app import create_app
from api.auth import Permission, Role
from api.auth.audit import command_line
from api.auth.sessions import COOKIE
from api.server import start_server
from tests.api.city import City, config


class Site:
    """One fixed and one moving camera that push; nothing has been seen yet."""

    def __init__(self, folder: Path, node: str | None = None, **changes: Any) -> None:
        self.city = City(config(folder, **changes), node)
        self.service = self.city.service
        self.access = self.service.access
        self.app = create_app(self.service)
        self.web = start_server(self.app, self.service.config.http)
        self.service.answers_at(self.web.url)
        self.city.start()
        self.url = self.web.url.rstrip("/")
        self._clients: list[httpx.Client] = []

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.web.stop()
        self.service.stop()

    def anonymous(self) -> httpx.Client:
        # A new connection each time: on a busy machine a kept one may run out in between.
        fresh = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=self.url, timeout=60, verify=False, limits=fresh)
        self._clients.append(client)
        return client

    def token(self, role: Role, name: str | None = None) -> tuple[str, str]:
        """A session of a user of that role: cookie and CSRF token. No password is hashed."""
        name = name or f"the.{role}"
        with self.access._database.transaction() as transaction:
            found = {user.name for user in self.access.users.all()}
            if name not in found:
                self.access.users.add(transaction, name, role, "", must_change=False)
        users = {user.name: user for user in self.access.users.all()}
        with self.access._database.transaction() as transaction:
            session = self.access.sessions.begin(transaction, users[name].id, "127.0.0.1")
        return session.token, session.csrf

    def signed_in(self, role: Role, name: str | None = None) -> httpx.Client:
        token, csrf = self.token(role, name)
        client = self.anonymous()
        client.cookies.set(COOKIE, token)
        client.headers["X-CSRF-Token"] = csrf
        return client

    def machine(self, *scopes: Permission) -> httpx.Client:
        _, secret = self.access.add_key(command_line(), "test", list(scopes), None)
        client = self.anonymous()
        client.headers["Authorization"] = f"Bearer {secret}"
        return client
