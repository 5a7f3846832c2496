"""Cameras that pages add, change and import: checked, looked at from then on, kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.auth import Role
from api.camera_list import read_rows, table_path
from detector.sources.camera_table import COLUMNS
from detector.sources.registry import build_source
from tests.auth.site import Site

HEADER = ",".join(COLUMNS) + "\n"
TABLE = (
    HEADER
    + "gate-1,Gate 1,push:,119.22,34.6,,城管,320706,g1,10,vendor;cover\n"
    + "gate-2,Gate 2,rtsp://127.0.0.1/1,,,,,,,10,vendor\n"
    + "gate-3,,ftp://192.0.2.7/1,,,,,,,10,vendor\n"
    + "corner,,push:,,,,,,,10,vendor\n"
    + "gate-4,Gate 4,push:,,,,,,,5,cover\n"
)
PUSH = {"kind": "push", "interval_s": 10, "tasks": ["vendor"]}


@pytest.fixture
def site(tmp_path: Path):
    made = Site(tmp_path)
    yield made
    made.close()


def imported(site: Site, take: str, table: str = TABLE):
    files = {"table": ("cameras.csv", table.encode("gb18030"), "text/csv")}
    client = site.signed_in(Role.ENGINEER)
    return client.post("/api/cameras/import", params={"take": take}, files=files)


def ids(site: Site) -> list[str]:
    return [camera.id for camera in site.service.engine.cameras]


def entries(site: Site) -> dict[str, dict]:
    return {each["id"]: each for each in site.signed_in(Role.ENGINEER).get("/api/cameras").json()}


def test_bad_rows_are_named_by_line_and_the_good_ones_taken(site: Site):
    looked = imported(site, "nothing").json()
    assert (looked["added"], looked["taken"]) == (2, False)
    faults = [(each["line"], each["column"]) for each in looked["faults"]]
    assert faults == [(3, "url"), (4, "url"), (5, "id")]
    assert "loopback" in looked["faults"][0]["detail"]
    assert imported(site, "all").json()["taken"] is False
    assert ids(site) == ["corner", "car"]
    taken = imported(site, "good").json()
    assert taken["taken"]
    assert taken["not_started"] == []
    assert ids(site) == ["corner", "car", "gate-1", "gate-4"]
    kept = read_rows(table_path(site.service.config.data_folder))
    assert [row.id for row in kept] == ["gate-1", "gate-4"]
    assert kept[0].department == "城管"
    assert imported(site, "good").json()["unchanged"] == 2
    assert len(site.access.audit.entries(action="cameras_imported")) == 2


def test_what_is_no_table_is_refused(site: Site):
    answer = imported(site, "good", "name,address\nx,y\n")
    assert answer.status_code == 422
    assert "line 1" in answer.json()["detail"]


def test_a_camera_is_added_changed_and_taken_away_while_others_are_looked_at(site: Site):
    engineer = site.signed_in(Role.ENGINEER)
    body = {**PUSH, "name": "Market", "x": 119.2, "y": 34.6, "crs": "GCJ-02"}
    added = engineer.put("/api/cameras/market", json=body).json()
    assert (added["kind"], added["crs"], added["tasks"]) == ("push", "GCJ-02", ["vendor"])
    assert engineer.put("/api/cameras/market", json=body).status_code == 409  # exists
    site.city.push(2)
    change = {**body, "version": added["version"], "interval_s": 3, "tasks": ["cover"]}
    changed = engineer.put("/api/cameras/market", json=change).json()
    assert changed["interval_s"] == 3
    assert engineer.put("/api/cameras/market", json=change).status_code == 409  # changed since
    camera = site.service.engine.camera("market")
    assert (camera.interval_s, camera.view.violations) == (3, frozenset({"cover"}))
    assert engineer.delete("/api/cameras/market").status_code == 204
    assert engineer.delete("/api/cameras/market").status_code == 404
    assert ids(site) == ["corner", "car"]
    actions = {row.action for row in site.access.audit.entries()}
    assert {"camera_added", "camera_changed", "camera_removed"} <= actions


def test_a_camera_s_source_is_built_once(site: Site, monkeypatch: pytest.MonkeyPatch):
    built = []

    def counted(*given):
        built.append(build_source(*given))
        return built[-1]

    monkeypatch.setattr("api.service.build_source", counted)
    assert site.signed_in(Role.ENGINEER).put("/api/cameras/market", json=PUSH).status_code == 200
    assert built == [site.service.engine.camera("market").source]


def test_a_camera_that_was_changed_goes_on_with_what_it_followed(site: Site):
    engineer = site.signed_in(Role.ENGINEER)
    added = engineer.put("/api/cameras/market", json=PUSH).json()
    camera = site.service.engine.camera("market")
    _push_stall(site, "market", 3)
    change = {**PUSH, "version": added["version"], "interval_s": 5}
    assert engineer.put("/api/cameras/market", json=change).status_code == 200
    assert site.service.engine.camera("market") is not camera
    _push_stall(site, "market", 5)  # 70 s since the first: the rule asks for 60
    (incident,) = site.service.records.queries.incidents().items
    assert incident.source_id == "market"


def _push_stall(site: Site, camera_id: str, count: int) -> None:
    from datetime import timedelta

    from tests.api.city import picture

    city = site.city
    source = site.service.engine.camera(camera_id).source
    for _ in range(count):
        city._seed += 1
        source.submit(picture(city._seed, stall=True), city.at, None, "test")
        city.at += timedelta(seconds=10)
        city.wait(lambda: not source._held)


def test_the_configuration_files_cameras_and_unknown_ones_are_not_changed(site: Site):
    engineer = site.signed_in(Role.ENGINEER)
    assert entries(site)["corner"]["version"] == ""
    assert engineer.put("/api/cameras/corner", json=PUSH).status_code == 409
    assert engineer.delete("/api/cameras/corner").status_code == 409
    assert engineer.put("/api/cameras/x", json={**PUSH, "version": "0" * 16}).status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "stream", "url": "rtsp://localhost/1"}, "loopback"),
        ({"kind": "stream", "url": "http://169.254.169.254/x"}, "link-local"),
        ({"kind": "stream", "url": "file:///etc/passwd"}, "url"),
        ({"kind": "snapshot", "url": "rtsp://192.0.2.1/1"}, "http://"),
        ({"kind": "gateway", "url": "http://192.0.2.1/1/2"}, "DEVICE/CHANNEL"),
        ({"kind": "stream", "url": ""}, "url"),
        ({"tasks": ["dance"]}, "unknown"),
        ({"x": 34.6, "y": 119.2, "crs": "EPSG:4326"}, "exchanged"),
        ({"crs": "Mars", "x": 1, "y": 1}, "crs"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_with_its_reason(site: Site, change, told):
    answer = site.signed_in(Role.ENGINEER).put("/api/cameras/new", json={**PUSH, **change})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert ids(site) == ["corner", "car"]
    assert not table_path(site.service.config.data_folder).exists()


def test_no_address_shows_its_password_and_an_empty_one_keeps_it(tmp_path: Path):
    allowed = {"allowed_networks": ["127.0.0.0/8"]}
    site = Site(tmp_path, source_networks=allowed)
    try:
        engineer = site.signed_in(Role.ENGINEER)
        body = {**PUSH, "kind": "snapshot", "url": "http://me:secret@127.0.0.1:9/now"}
        added = engineer.put("/api/cameras/kiosk", json=body)
        assert added.status_code == 200, added.text
        assert "secret" not in added.text
        change = {**body, "url": "", "version": added.json()["version"], "interval_s": 60}
        assert engineer.put("/api/cameras/kiosk", json=change).status_code == 200
        (row,) = read_rows(table_path(tmp_path))
        assert row.url == "snapshot+http://me:secret@127.0.0.1:9/now"
        assert site.service.engine.camera("kiosk").interval_s == 60
        told = "".join(row.detail for row in site.access.audit.entries())
        assert "secret" not in told
    finally:
        site.close()


def test_a_rule_is_tried_on_what_was_seen_and_nothing_is_saved(site: Site):
    engineer = site.signed_in(Role.ENGINEER)
    path = "/api/sources/corner/settings"
    empty = engineer.post(f"{path}/try", json={"settings": {}}).json()
    assert (empty["looks"], empty["incidents"]) == (0, [])
    site.city.push(9, stall=True)
    tried = engineer.post(f"{path}/try", json={"settings": {}}).json()
    assert tried["looks"] == 9
    (found,) = tried["incidents"]
    assert (found["subtype"], found["stood_before"]) == ("mobile_vendor", False)
    corners = [[0.3, 0.2], [0.7, 0.2], [0.7, 0.8], [0.3, 0.8]]
    zone = {"name": "market", "kind": "permitted", "polygon_unit": corners, "permits": [{}]}
    allowed = engineer.post(f"{path}/try", json={"settings": {"zones": [zone]}}).json()
    assert allowed["incidents"] == []
    assert engineer.get(path).json()["version"] == 0
    assert site.service._watches["corner"].zones == ()
    car = engineer.post("/api/sources/car/settings/try", json={"settings": {}}).json()
    assert car["looks"] == 0
