"""A site with a past to look at, and a browser."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
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


def site_of_a_year(folder: Path, *, pending: int, cases_count: int, **changes: Any) -> Site:
    """As much as a city has after a year, with pictures of 1920×1080. A folder that was filled
    before is taken as it is."""
    site = Site(folder, **changes)
    if site.service.records.queries.incidents(limit=1).items:
        return site
    moments = {
        kind: enlarged(picture(seed, stall=True))
        for kind, seed in (("first", 901), ("threshold", 902))
    }
    populate(
        site.service.records.database,
        pending=pending,
        cases_count=cases_count,
        pictures=stored(site.service.records.store, moments),
        destination="city",
    )
    return site


def enlarged(data: bytes) -> bytes:
    """A JPEG of 1920×1080 with grain, as large as a camera's."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    image = cv2.resize(image, (1920, 1080), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    image += np.random.default_rng(3).normal(0, 6, image.shape).astype(np.int16)
    image = np.clip(image, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


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
