"""The pages' queries on a real PostgreSQL give what they give on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.auth import Role
from api.ui.review_desk import ReviewDesk
from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    Database,
    Outbox,
    Queries,
    VerdictDesk,
)
from tests.auth.site import Site
from tests.ui import test_review_desk as desk_tests
from tests.ui.populate import populate

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
PENDING, CASES = 30, 40
SAME = ("/api/figures", "/api/figures?days=7", "/api/map", "/api/cases?urgent=true")


class PostgresOffice(desk_tests.Office):
    """The same desk over the other database."""

    def __init__(self, database: Database, pending: int = 12) -> None:
        self.database = database
        populate(database, pending=pending, cases_count=0, now=desk_tests.NOW, days=3)
        self.now = desk_tests.NOW
        case_desk = CaseDesk(CaseDeskConfig(), Outbox(database, []))
        self.queries = Queries(database)
        self.verdicts = VerdictDesk(database, case_desk)
        self.desk = ReviewDesk(
            database, self.verdicts, lease_s=60, undo_s=8, clock=lambda: self.now
        )


@pytest.fixture
def office(postgres_database: Database) -> PostgresOffice:
    return PostgresOffice(postgres_database)


_OF_THE_DESK = [
    getattr(desk_tests, name)
    for name in dir(desk_tests)
    if name.startswith("test_") and "ten_operators" not in name
]


@pytest.mark.parametrize("check", _OF_THE_DESK, ids=lambda check: check.__name__)
def test_the_review_desk(office: PostgresOffice, check: Any) -> None:
    check(office)


def test_ten_operators_at_once(
    postgres_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def made(folder: Path, pending: int) -> PostgresOffice:
        return PostgresOffice(postgres_database, pending)

    monkeypatch.setattr(desk_tests, "Office", made)
    monkeypatch.setattr(Database, "close", lambda self: None)
    desk_tests.test_ten_operators_at_once_lose_and_double_nothing(tmp_path)


@pytest.fixture
def both(
    postgres_database: Database,
    postgres_url: str,
    tmp_path: Path,
) -> Iterator[tuple[Site, Site]]:
    sites = [
        Site(tmp_path / "sqlite"),
        Site(tmp_path / "postgres", database={"url": postgres_url}),
    ]
    assert [site.service.records.database.is_sqlite for site in sites] == [True, False]
    now = datetime.now(UTC).replace(microsecond=0)
    for site in sites:
        populate(
            site.service.records.database,
            pending=PENDING,
            cases_count=CASES,
            now=now,
            days=20,
        )
    yield sites[0], sites[1]
    for site in sites:
        site.close()


def answers(site: Site, path: str) -> Any:
    answer = site.signed_in(Role.SUPERVISOR).get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
    return answer


def test_figures_the_map_exports_and_lists(both: tuple[Site, Site]) -> None:
    for path in (
        "/api/review/waiting",
        "/api/figures",
        "/api/figures?days=7",
        "/api/figures.csv",
        "/api/map",
        "/api/map/layers",
        "/api/export/cases.csv",
        "/api/export/cases.geojson",
        "/api/cases?state=closed&state=filed",
        "/api/cases?urgent=true",
        "/api/incidents?violation=cover",
        "/api/sources",
        "/api/destinations",
        "/api/deliveries",
    ):
        sqlite, postgres = (answers(site, path) for site in both)
        assert len(sqlite.text) > 1
        if path in SAME:
            assert steady(sqlite.json()) == steady(postgres.json()), path
    listed = [answers(site, "/api/review/list").json() for site in both]
    assert len(listed[0]) == len(listed[1]) > 0


def steady(value: Any) -> Any:
    """Without what depends on the second it was asked in; averages to a tenth."""
    if isinstance(value, dict):
        return {k: steady(v) for k, v in value.items() if "staleness" not in k and k != "now"}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return round(value, 1) if isinstance(value, float) else value


def test_a_case_s_pages_and_its_dossier(both: tuple[Site, Site]) -> None:
    for site in both:
        (case, *_) = answers(site, "/api/cases?limit=1").json()["items"]
        detail = answers(site, f"/api/cases/{case['id']}").json()
        assert detail["received"] is None
        answers(site, f"/api/incidents/{case['incident_id']}")
        pdf = answers(site, f"/api/export/cases/{case['id']}.pdf")
        assert pdf.content.startswith(b"%PDF")


def test_a_verdict_of_the_page_is_held_undone_and_committed(both: tuple[Site, Site]) -> None:
    for site in both:
        client = site.signed_in(Role.OPERATOR)
        claimed = client.post("/api/review/claim", json={"count": 2})
        assert claimed.status_code == 200, claimed.text
        (first, second) = (item["incident"]["id"] for item in claimed.json())
        for incident_id in (first, second):
            url = f"/api/review/{incident_id}/verdict"
            given = client.post(url, json={"answer": "confirmed"})
            assert given.status_code == 200, given.text
        assert client.delete(f"/api/review/{first}/verdict").status_code in (200, 204)
        assert answers(site, "/api/review/waiting").status_code == 200


def test_a_text_that_postgresql_does_not_take_is_refused(both):
    for site, status in zip(both, (200, 422), strict=True):
        client = site.signed_in(Role.ADMINISTRATOR)
        answer = client.get("/api/audit", params={"actor": "a\0b"})
        assert answer.status_code == status
        (item,) = client.post("/api/review/claim", json={"count": 1}).json()
        path = f"/api/review/{item['incident']['id']}/verdict"
        told = client.post(path, json={"answer": "rejected", "reason": "van\0"})
        assert told.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    for refused in (answer.json(), told.json()):
        assert (refused["code"], refused["status"]) == ("value_unstorable", 422)
        assert "NUL" in refused["detail"]
