"""What is drawn outlives a restart; what is taken out is complete and harmless."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from api.auth import Permission, Role
from api.service import Service
from api.ui.export import csv_lines
from tests.api.city import model
from tests.auth.site import Site
from tests.ui.populate import populate

SQUARE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9]]
ZONE = {"name": "east", "kind": "road", "polygon_unit": SQUARE, "permits": []}


@pytest.fixture
def site(tmp_path: Path):
    made = Site(tmp_path)
    yield made
    made.close()


def test_zones_and_masks_are_kept_over_a_restart_and_in_force_at_once(site: Site):
    engineer = site.signed_in(Role.ENGINEER)
    path = "/api/sources/corner/settings"
    before = engineer.get(path).json()
    assert (before["version"], before["settings"]["zones"]) == (0, [])
    body = {"version": 0, "settings": {"zones": [ZONE], "privacy_polygons_unit": [SQUARE]}}
    saved = engineer.put(path, json=body)
    assert saved.status_code == 200, saved.text
    assert saved.json()["version"] == 1
    assert engineer.put(path, json=body).status_code == 409  # somebody saved since it was read
    camera = site.service.engine.camera("corner")
    assert camera.view.privacy == (tuple(map(tuple, SQUARE)),)
    assert site.service._watches["corner"].zones[0].name == "east"
    (entry,) = site.access.audit.entries(action="camera_settings_saved")
    assert entry.subject == "corner"
    again = Service(site.city.config, detectors=[model()])
    try:
        (corner,) = [each for each in again.config.cameras if each.id == "corner"]
        assert corner.zones[0].name == "east"
        assert again.engine.camera("corner").view.privacy == camera.view.privacy
    finally:
        again.stop()


@pytest.mark.parametrize(
    "settings",
    [
        {"zones": [{**ZONE, "polygon_unit": [[0, 0], [2, 0], [1, 1]]}]},
        {"zones": [{**ZONE, "polygon_unit": SQUARE[:2]}]},
        {"zones": [ZONE, ZONE]},
        {"zones": [{**ZONE, "permits": [{"stalls": 1}]}]},
        {"privacy_polygons_unit": [SQUARE[:2]]},
        {"url": "rtsp://elsewhere"},
    ],
)
def test_what_cannot_be_drawn_is_refused(site: Site, settings):
    body = {"version": 0, "settings": settings}
    answer = site.signed_in(Role.ENGINEER).put("/api/sources/corner/settings", json=body)
    assert answer.status_code == 422


def test_exports_hold_every_case_and_leave_a_row(site: Site):
    populate(site.service.records.database, pending=3, cases_count=620)
    client = site.machine(Permission.EXPORT)
    lines = list(csv.DictReader(io.StringIO(client.get("/api/export/cases.csv").text[1:])))
    assert len(lines) == len({line["number"] for line in lines}) == 620
    some = client.get("/api/export/cases.csv", params={"state": "void"}).text
    assert 0 < len(some.splitlines()) - 1 < 620
    features = client.get("/api/export/cases.geojson").json()["features"]
    assert len(features) == 620
    assert all(34 < feature["geometry"]["coordinates"][1] < 35 for feature in features)
    assert len(site.access.audit.entries(action="exported")) == 3


def test_a_cell_that_looks_like_a_formula_is_made_harmless(site: Site):
    from dataclasses import replace

    populate(site.service.records.database, pending=0, cases_count=1)
    (case,) = site.service.records.queries.cases().items
    evil = replace(case, description="=cmd|' /C calc'!A0")
    assert list(csv_lines(iter([evil])))[1].rstrip().endswith("'=cmd|' /C calc'!A0")


def test_a_dossier_and_figures_and_the_map_of_what_happened(site: Site):
    site.city.push(1, hole=True)
    (case,) = site.service.records.queries.cases().items
    client = site.signed_in(Role.SUPERVISOR)
    pdf = client.get(f"/api/export/cases/{case.id}.pdf")
    assert pdf.content.startswith(b"%PDF")
    assert len(pdf.content) > 10_000  # the pictures are in it
    populate(site.service.records.database, pending=20, cases_count=80, days=20)
    figures = client.get("/api/figures", params={"days": 30}).json()
    for by in ("by_day", "by_violation", "by_camera"):
        counted = sum(n for bar in figures[by] for n in bar["counts"].values())
        assert counted == figures["incidents"] == 100
    assert len(figures["by_day"]) == 30
    assert figures["pending"] == 20
    assert 0.6 < figures["confirmed_share"] < 1
    assert figures["first_sight_to_case_s"] == pytest.approx(320)
    shown = client.get("/api/map").json()
    assert (len(shown["incidents"]), shown["unplaced"]) == (100, 1)
    models = client.get("/api/models").json()
    assert {"street", "covers"} <= {each["name"] for each in models}
