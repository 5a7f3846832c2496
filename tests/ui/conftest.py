from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.auth import Role
from tests.auth.site import Site
from tests.incidents.conftest import postgres_database, postgres_migrated, postgres_url

try:
    from tests.ui import pages_site
except ImportError:
    pages_site = None


__all__ = ["postgres_database", "postgres_migrated", "postgres_url"]


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    if pages_site is None:
        pytest.skip("playwright is not installed (the extra `dev`)")
    if pages_site.CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with pages_site.browser() as opened:
        yield opened


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Site]:
    """60 pending incidents and 40 cases; a verdict can be undone for 2 s."""
    if pages_site is None:
        pytest.skip("playwright is not installed (the extra `dev`)")
    site = pages_site.site_with_past(tmp_path, pending=60, cases_count=40, access={"undo_s": 2})
    yield site
    site.close()


@pytest.fixture
def visit(chromium, past: Site) -> Iterator[Callable]:
    visitors = []

    def come(role: Role | None, name: str = ""):
        visitors.append(pages_site.Visitor(chromium, past, role, name))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()
