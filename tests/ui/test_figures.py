"""Counts that are kept in memory are those that stand in the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from api.auth import Role
from api.ui.day_counts import DayCounts
from api.ui.figures_routes import day_counts
from detector.incidents.schema import cases, incidents
from detector.types import VerdictAnswer
from tests.auth.site import Site
from tests.ui.populate import populate

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    populate(made.service.records.database, pending=15, cases_count=60, days=40)
    yield made
    made.close()


def counted(counts: DayCounts, days: int) -> Counter[tuple[str, str]]:
    """By local day and verdict."""
    found: Counter[tuple[str, str]] = Counter()
    for day, each in counts.since(counts.today() - timedelta(days=days - 1)).items():
        for what, n in each.whats.items():
            found[day.isoformat(), what.verdict] += n
    return found


def stored(site: Site, days: int) -> Counter[tuple[str, str]]:
    """The same, from every row."""
    first = (datetime.now(ZONE) - timedelta(days=days - 1)).date()
    with site.service.records.database.reading() as transaction:
        rows = transaction.execute(select(incidents.c.opened_at, incidents.c.verdict)).all()
    found = Counter((at.astimezone(ZONE).date().isoformat(), verdict) for at, verdict in rows)
    return Counter({key: n for key, n in found.items() if key[0] >= first.isoformat()})


def pending_of(site: Site) -> list[UUID]:
    query = select(incidents.c.id).where(incidents.c.verdict == "pending")
    with site.service.records.database.reading() as transaction:
        return list(transaction.execute(query.order_by(incidents.c.opened_at)).scalars())


@pytest.mark.parametrize("days", [1, 7, 31, 50])
def test_they_are_what_the_rows_say(site: Site, days: int):
    counts = day_counts(site.service)
    assert counted(counts, days) == stored(site, days)
    assert counted(counts, 60) == stored(site, 60)  # a longer span afterwards


def test_a_verdict_on_an_old_incident_is_seen_at_once_by_every_service(site: Site):
    ours, theirs = day_counts(site.service), day_counts(site.service)
    before = counted(ours, 60)
    assert counted(theirs, 60) == before
    oldest, *_, newest = pending_of(site)
    for incident_id in (oldest, newest):
        site.service.records.verdicts.give_verdict(incident_id, VerdictAnswer.CONFIRMED, "li")
    for counts in (ours, theirs):
        assert counted(counts, 60) == stored(site, 60) != before


def test_new_incidents_and_many_at_once_are_counted(site: Site):
    counts = day_counts(site.service)
    counted(counts, 60)
    for seed, number in ((8, 3), (9, 400)):
        database = site.service.records.database
        populate(database, pending=number, cases_count=0, days=40, seed=seed)
        assert counted(counts, 60) == stored(site, 60)


def test_what_retention_deletes_is_counted_no_more(site: Site):
    counts = day_counts(site.service)
    before = counted(counts, 60)
    ended = datetime.now(UTC) - timedelta(days=20_000)
    with site.service.records.database.transaction() as transaction:
        transaction.execute(update(cases).where(cases.c.state == "closed").values(ended_at=ended))
    site.service.records.retention.enforce(datetime.now(UTC))
    after = counted(counts, 60)
    assert after == stored(site, 60)
    assert after.total() < before.total()


def test_a_click_on_a_bar_narrows_the_others(site: Site):
    client = site.signed_in(Role.VIEWER)
    every = client.get("/api/figures", params={"days": 60}).json()
    camera = every["by_camera"][0]
    assert camera == max(every["by_camera"], key=lambda bar: sum(bar["counts"].values()))
    asked = {"days": 60, "source_id": camera["name"], "violation": "vendor"}
    some = client.get("/api/figures", params=asked).json()
    assert [bar["name"] for bar in some["by_violation"]] == ["vendor"]
    assert 0 < some["incidents"] < sum(camera["counts"].values()) + 1 < every["incidents"]
    assert sum(n for bar in some["by_day"] for n in bar["counts"].values()) == some["incidents"]


def test_the_trend_compares_with_the_span_before(site: Site):
    client = site.signed_in(Role.VIEWER)
    half = client.get("/api/figures", params={"days": 25}).json()
    whole = client.get("/api/figures", params={"days": 50}).json()
    assert half["before"]["incidents"] == whole["incidents"] - half["incidents"] > 0
    assert client.get("/api/figures", params={"days": 366}).json()["before"] is None


def test_cells_are_told_apart_where_grids_are_configured(site: Site):
    with site.service.records.database.transaction() as transaction:
        vendors = cases.c.violation == "vendor"
        transaction.execute(update(cases).where(vendors).values(grid="320703001002003"))
    clock = lambda: datetime.now(ZONE)  # noqa: E731
    site.app.state.figures = DayCounts(site.service.records.database, clock, with_grid=True)
    client = site.signed_in(Role.VIEWER)
    figures = client.get("/api/figures", params={"days": 60}).json()
    (cell,) = figures["by_grid"]
    assert cell["name"] == "320703001002003"
    narrowed = client.get("/api/figures", params={"days": 60, "grid": cell["name"]}).json()
    assert narrowed["incidents"] == sum(cell["counts"].values()) > 20
    assert [bar["name"] for bar in narrowed["by_violation"]] == ["vendor"]
