"""The page of flights in a browser: list, map, the divider between both days, the answers."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from api.auth import Role
from api.flight_desk import FlightPlaces, city_ledger, file_comparison, flights_folder
from detector.flights.ledger import write_ledger
from detector.flights.refusal_text import refusal_zh
from tests.auth.site import Site

sys.path.insert(0, str(Path(__file__).parents[1] / "flights"))

from made_comparison import made_comparison

NAME = "estate-may--estate-june"


@pytest.fixture
def site(tmp_path: Path):
    """A filed comparison: one new shed, one gone, one that stands."""
    opened = Site(tmp_path)
    city = opened.service.config
    made = made_comparison(tmp_path / "made")
    write_ledger(city_ledger(city), made.ledger)
    places = FlightPlaces(
        place=flights_folder(city) / NAME,
        base=made.base,
        current=made.current,
        ledger=city_ledger(city),
    )
    file_comparison(opened.service.records, city, made.comparison, places, "0" * 64)
    yield opened
    opened.close()


@pytest.fixture
def visitor(chromium, site: Site):
    from tests.ui import pages_site

    opened = pages_site.Visitor(chromium, site, Role.OPERATOR)
    yield opened
    opened.close()


def test_an_officer_compares_both_days_accepts_and_strikes_off(visitor, site):
    page = visitor.open("flights")
    assert "estate-june" in page.inner_text("table")
    page.click("tr[data-flight] a")
    page.wait_for_selector(".swipe img")
    assert page.locator(".flightlist tbody tr").count() == 3
    assert page.locator(".flightmap path.leaflet-interactive").count() == 3
    sizes = page.eval_on_selector_all(
        ".swipeplane img",
        "async all => Promise.all(all.map(i => i.decode().then(() => i.naturalWidth)))",
    )
    assert sizes[0] == sizes[1] > 100
    page.locator(".swipe input").fill("20")
    assert "80%" in page.eval_on_selector(".swipeplane .over", "i => i.style.clipPath")
    page.click("[data-act=accept]")
    page.wait_for_selector("[data-act=accept]", state="detached")
    assert "accepted" in page.inner_text("tr[data-number='1']")
    assert site.signed_in(Role.VIEWER).get("/api/cases").json()["items"]
    assert "to be decided" in page.inner_text("tr[data-number='2']")  # removed: an officer's word
    for row in ("tr[data-number='2']", "tr[data-number='3']"):
        page.click(row)
        page.click("[data-act=strike]")
        page.wait_for_selector("[data-act=strike]", state="detached")
        assert "struck off" in page.inner_text(row)


def test_findings_and_refused_pictures_are_told_in_chinese(site):
    detail = site.signed_in(Role.VIEWER).get(f"/api/flights/{NAME}").json()
    told = [each["reason_zh"] for each in detail["findings"]]
    assert len(told) == 3
    assert not re.findall("[A-Za-z]{2,}", " ".join(told)), told
    for reason in (
        "only 7 matching points, 12 are needed",
        "only 9 of 40 matches agree",
        "the match is loose: 0.91 m are left, 0.50 m are allowed",
        "the match contradicts the telemetry by 4.2 sigmas",
        "the baseline does not show this ground",
        "the matching points crowd in one corner",
        "shows no ground",
        "no position; no height above take-off",
        "black picture (lens cap?)",
    ):
        assert not re.findall("[A-Za-z]{2,}", refusal_zh(reason)), refusal_zh(reason)
    assert refusal_zh("the sky fell") == "the sky fell"


def test_the_page_speaks_chinese(visitor):
    page = visitor.open("flights")
    page.click("button[lang=zh]")
    page.wait_for_selector("text=航飞")
    page.goto(f"{visitor.site.url}/pages/flights?flight={NAME}")
    page.wait_for_selector(".swipe img")
    assert "认定为加建" in page.inner_text("[data-act=accept]")
    assert "flights." not in page.inner_text("#page")
