"""Every route × every role × anonymous, as the table in docs/access.md says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from api.app import routers
from api.auth.access_table import ACCESS
from api.auth.role import KEY_SCOPES, Role
from tests.auth.access_page import COLUMNS, rows, written_rows
from tests.auth.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # The key is that of a peer: nobody else may exchange cases.
    peers = {"instance": "here", "peers": [{"name": "county", "key": "test"}]}
    made = Site(tmp_path_factory.mktemp("matrix"), exchange=peers)
    yield made
    made.close()


def routes(app_routes) -> set[tuple[str, str]]:
    """Also those of routers that the application includes."""
    found: set[tuple[str, str]] = set()
    for route in app_routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found |= routes(inner.routes)
        elif getattr(route, "methods", None):
            found |= {(method, route.path) for method in route.methods - {"HEAD"}}
    return found


def test_every_route_has_an_entry_and_every_entry_a_route(site: Site):
    assert routes(site.app.routes) == set(ACCESS)


def test_every_route_is_behind_the_door():
    for router in routers(pages=True):
        assert all(isinstance(route, APIRoute) for route in router.routes)


def test_the_page_says_what_the_code_says():
    assert written_rows() == rows(), "run python -m tests.auth.access_page and mend docs/access.md"


def test_a_route_without_an_entry_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch):
    client = site.signed_in(Role.ADMINISTRATOR)
    assert client.get("/api/cases").status_code == 200
    monkeypatch.delitem(ACCESS, ("GET", "/api/cases"))
    assert client.get("/api/cases").status_code == 403


def asked(client: httpx.Client, method: str, path: str) -> int:
    for name in ("incident_id", "evidence_id", "case_id", "delivery_id", "key_id"):
        path = path.replace(f"{{{name}}}", str(uuid4()))
    path = path.replace("{page}", "review").replace("{path:path}", "style.css")
    path = path.replace("{source_id}", "corner").replace("{name}", "nobody")
    path = path.replace("{token}", "not-a-token")
    body = {} if method in ("POST", "PUT", "PATCH") else None
    return client.request(method, path, json=body).status_code


@pytest.mark.parametrize("who", ["anonymous", *(role.value for role in Role), "key"])
def test_the_matrix(site: Site, who: str):
    column = COLUMNS.index(who)
    client = _client(site, who)
    # Signing out is one of the routes: it comes last.
    for row in sorted(written_rows(), key=lambda row: row[:2] == ("DELETE", "`/api/session`")):
        method, path = row[0], row[1].strip("`")
        if path == "/enter/{token}":
            continue  # open, and answers 401 to a token that is not one: tested by itself
        status = asked(client, method, path)
        if (method, path) == ("POST", "/api/session"):
            assert status == 422
            continue
        allowed = status not in (401, 403)
        assert allowed == (row[column] == "yes"), f"{who} {method} {path} gave {status}"
        if who == "anonymous" and not allowed:
            assert status == 401


def _client(site: Site, who: str) -> httpx.Client:
    if who == "anonymous":
        return site.anonymous()
    return site.machine(*KEY_SCOPES) if who == "key" else site.signed_in(Role(who))


def test_without_pages_the_service_is_headless(tmp_path: Path):
    site = Site(tmp_path, pages=False)
    try:
        client = site.anonymous()
        assert client.get("/").status_code == 404
        assert client.get("/pages/review").status_code == 404
        assert client.get("/health").status_code == 200
    finally:
        site.close()


def test_the_shell_and_its_files_are_served_and_nothing_beside_them(site: Site):
    client = site.anonymous()
    assert client.get("/").headers["location"] == "/pages/review"
    assert "app.js" in client.get("/pages/review").text
    assert client.get("/pages/none").status_code == 404
    assert client.get("/assets/leaflet/index.js").status_code == 200
    assert client.get("/assets/echart/index.js").status_code == 200
    for path in (
        "/assets/../page_routes.py",
        "/assets/%2e%2e/page_routes.py",
        "/assets/leaflet/..%2f..%2fleaflet.py",
    ):
        assert client.get(path).status_code == 404
