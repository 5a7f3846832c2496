"""What a comparison of flights leaves in the service's records, and how officers answer."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from made_comparison import NEW, made_comparison
from shapely.geometry import Polygon, mapping

from api.auth import Role
from api.config import FlightsConfig
from api.flight_desk import (
    FlightPlaces,
    city_ledger,
    file_comparison,
    flights_folder,
    ledger_of,
)
from detector.flights.ledger import LedgerVerdict, write_ledger
from tests.auth.site import Site

NAME = "estate-may--estate-june"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_comparison(tmp_path_factory.mktemp("made"))


@pytest.fixture
def site(made, tmp_path):
    """A service with one grid cell around everything, and the ledger."""
    middle = NEW.mean(axis=0)
    ring = np.array(made.comparison.baseline.frame.to_lon_lat((NEW - middle) * 40 + middle))
    cell = {"type": "Feature", "properties": {"code": "G-7", "name": "seven"}}
    cell["geometry"] = mapping(Polygon(ring).convex_hull)
    grid = tmp_path / "grid.geojson"
    grid.write_text(json.dumps({"type": "FeatureCollection", "features": [cell]}))
    opened = Site(tmp_path, grids=[{"file": str(grid)}])
    write_ledger(city_ledger(opened.service.config), made.ledger)
    yield opened
    opened.close()


def filed(site, made, comparison=None, city=None):
    city = city or site.service.config
    places = FlightPlaces(
        place=flights_folder(city) / NAME,
        base=made.base,
        current=made.current,
        ledger=city_ledger(city),
    )
    given = comparison or made.comparison
    return file_comparison(site.service.records, city, given, places, "0" * 64)


def finding(client, verdict):
    found = client.get(f"/api/flights/{NAME}").json()["findings"]
    return next(f for f in found if f["properties"]["verdict"] == verdict)


def test_a_new_addition_opens_one_incident_however_often_it_is_filed(site, made):
    first, second = filed(site, made), filed(site, made)
    assert (first.opened, second.opened) == (1, 0)
    assert first.kept.incidents == second.kept.incidents
    (incident_id,) = first.kept.incidents.values()
    queries = site.service.records.queries
    incident = queries.incident(incident_id)
    assert incident.violation == "rooftop"
    assert "疑似" in incident.reason
    assert "0.12 m" in incident.reason
    evidence = queries.evidence(incident_id)
    assert {str(row.kind) for row in evidence} == {"first", "threshold"}
    assert site.service.records.chain.verify(incident_id).intact


def test_what_is_gone_waits_for_an_officer_who_strikes_it_off(site, made):
    told = filed(site, made)
    assert (told.struck_off, told.to_strike_off) == ((), ("torn-down",))
    client = site.signed_in(Role.OPERATOR)
    gone = finding(client, "removed")
    assert gone["ledger_standing"]
    assert gone["awaits_strike_off"]
    assert not finding(client, "unchanged")["awaits_strike_off"]
    path = f"/api/flights/{NAME}/findings/{gone['number']}/strike-off"
    assert site.signed_in(Role.VIEWER).post(path).status_code == 403
    done = client.post(path).json()
    assert not done["awaits_strike_off"]
    rows = {row.id: row for row in ledger_of(city_ledger(site.service.config)).rows}
    assert rows["torn-down"].struck_off_picture == "DJI_0001.JPG"
    assert filed(site, made).to_strike_off == ()


def test_a_city_may_have_it_struck_off_at_once_with_the_picture_that_proves_it(site, made):
    at_once = FlightsConfig(strike_off="automatic")
    city = site.service.config.model_copy(update={"flights": at_once})
    assert filed(site, made, city=city).struck_off == ("torn-down",)
    assert filed(site, made, city=city).struck_off == ()
    rows = {row.id: row for row in ledger_of(city_ledger(site.service.config)).rows}
    assert rows["torn-down"].struck_off_picture == "DJI_0001.JPG"
    assert rows["torn-down"].struck_off_at == made.comparison.current_at
    assert rows["stands"].standing


def test_both_pictures_of_a_finding_show_the_same_ground_and_only_one_shows_the_shed(site, made):
    filed(site, made)
    client = site.signed_in(Role.VIEWER)
    (listed,) = client.get("/api/flights").json()
    assert listed["name"] == NAME
    assert listed["refused"] == {"DJI_0002.JPG": "too dark"}
    number = finding(client, "new")["number"]
    days = []
    for day in ("before", "after"):
        answer = client.get(f"/api/flights/{NAME}/findings/{number}/{day}")
        assert answer.headers["content-type"] == "image/jpeg"
        days.append(cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR))
    assert days[0].shape == days[1].shape
    blue = [
        float(np.median(d[d.shape[0] // 2 - 15 :][:30, :, 0] / (d[..., 2].mean() + 1)))
        for d in days
    ]
    assert blue[1] > blue[0]
    assert client.get(f"/api/flights/{NAME}/findings/99/before").status_code == 404
    assert client.get("/api/flights/%2e%2e").status_code == 404


def test_accepting_opens_the_case_in_its_grid_cell(site, made):
    filed(site, made)
    client = site.signed_in(Role.OPERATOR)
    number = finding(client, "new")["number"]
    path = f"/api/flights/{NAME}/findings/{number}/answer"
    assert client.post(path, json={"accepted": False}).status_code == 422
    assert client.post(path, json={"accepted": True}).json()["answer"] == "confirmed"
    assert client.post(path, json={"accepted": False, "reason": "no"}).status_code == 409
    (case,) = client.get("/api/cases").json()["items"]
    assert case["grid"] == "G-7"
    viewer = site.signed_in(Role.VIEWER)
    assert viewer.post(path, json={"accepted": True}).status_code == 403


def test_a_row_is_struck_off_by_hand_and_the_audit_log_tells_who(site, made):
    filed(site, made)
    client = site.signed_in(Role.OPERATOR)
    stands = finding(client, "unchanged")
    assert stands["ledger_standing"]
    path = f"/api/flights/{NAME}/findings/{stands['number']}"
    done = client.post(f"{path}/strike-off").json()
    assert not done["ledger_standing"]
    assert done["struck_off_at"] is not None
    assert [r.subject for r in site.access.audit.entries() if r.action == "struck off"] == [
        "stands"
    ]
    assert client.post(f"{path}/answer", json={"accepted": True}).status_code == 409
    new = finding(client, "new")["number"]
    assert client.post(f"/api/flights/{NAME}/findings/{new}/strike-off").status_code == 409


def test_existing_stock_opens_nothing(site, made):
    known = [replace(f, ledger=LedgerVerdict.EXISTING) for f in made.comparison.findings]
    outcome = filed(site, made, replace(made.comparison, findings=tuple(known)))
    assert outcome.opened == 0
    assert outcome.kept.incidents == {}
