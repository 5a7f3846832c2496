"""A site with a past to look at, and a browser."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from api.auth import Role
from api.auth.sessions import COOKIE
from detector.types import EvidenceStore
from tests.api.city import picture
from tests.auth.site import Site
from tests.ui.populate import StoredPicture, populate

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


def stored(store: EvidenceStore, pictures: dict[str, bytes]) -> list[StoredPicture]:
    """Puts each moment's picture into the store."""
    found = []
    for kind, data in pictures.items():
        key = f"made-up/{kind}.jpg"
        store.put(key, data)
        found.append(
            StoredPicture(
                kind=kind,
                shown_key=key,
                clean_key=key,
                sha256=hashlib.sha256(data).hexdigest(),
                size_bytes=len(data),
            )
        )
    return found


def site_with_past(folder: Path, *, pending: int, cases_count: int, **changes: Any) -> Site:
    site = Site(folder, **changes)
    moments = {"first": picture(901, stall=True), "threshold": picture(902, stall=True)}
    populate(
        site.service.records.database,
        pending=pending,
        cases_count=cases_count,
        pictures=stored(site.service.records.store, moments),
        cameras=[f"street-{n:03d}" for n in range(20)],
        days=20,
    )
    return site


class Visitor:
    """One person's browser; complains about anything that went wrong in it."""

    def __init__(self, opened: Browser, site: Site, role: Role | None, name: str = "") -> None:
        self.site = site
        self.context: BrowserContext = opened.new_context(
            viewport={"width": 1366, "height": 768}, locale="en-GB"
        )
        self.context.set_default_timeout(60_000)
        if role is not None:
            token, _ = site.token(role, name or None)
            self.context.add_cookies([{"name": COOKIE, "value": token, "url": site.url}])
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._console)
        self.page.on("request", self._request)

    def open(self, page: str) -> Page:
        self.page.goto(f"{self.site.url}/pages/{page}")
        self.page.wait_for_selector("body[data-ready]")
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.faults == []

    def _console(self, message: Any) -> None:
        # A refused request is the browser's own line, and tests ask for some.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.site.url, "blob:", "data:")):
            self.faults.append(f"asked {request.url}")
