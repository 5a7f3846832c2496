"""Camera tables, grids and calibrated cameras, from the configuration to the case."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.config import read_config
from detector.sources.gateway_fake import FakeGateway, channel_record
from detector.types import ConfigError
from tests.api.city import City, config

runner = CliRunner()
HEADER = "id,name,url,lon,lat,crs,department,county,grid,interval,tasks\n"
GOOD = "gate-1,North gate,rtsp://u:pw@10.0.0.1/1,119.2,34.6,EPSG:4326,police,320703,,10,vendor\n"
BAD = "gate-2,South gate,rtsp://u:pw@10.0.0.2/1,919.2,34.6,EPSG:4326,police,320703,,10,vendor\n"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    path = tmp_path / "city.yaml"
    path.write_text("cameras: [{id: inbox, kind: push}]\n", encoding="utf-8")
    return path


def call(*arguments: object):
    return runner.invoke(app, [str(argument) for argument in arguments])


def table(folder: Path, *lines: str) -> Path:
    path = folder / "cameras.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def test_imported_cameras_are_watched_listed_and_exported_without_passwords(city: Path, tmp_path):
    assert call("cameras", "import", table(tmp_path, GOOD), "-c", city).exit_code == 0
    watched = read_config(city).cameras
    assert [camera.id for camera in watched] == ["inbox", "gate-1"]
    assert watched[1].position.x == 119.2
    listed = json.loads(call("cameras", "-c", city, "--json").stdout)
    assert [row["id"] for row in listed] == ["inbox", "gate-1"]
    exported = call("cameras", "export", "-c", city).stdout
    assert "North gate" in exported
    assert "pw" not in exported + json.dumps(listed)
    assert "u:pw@" in call("cameras", "export", "-c", city, "--with-passwords").stdout


def test_bad_rows_are_named_by_line_and_the_good_ones_can_be_taken(city: Path, tmp_path: Path):
    file = table(tmp_path, GOOD, BAD)
    refused = call("cameras", "import", file, "-c", city)
    assert refused.exit_code == 1
    assert "line 3: lat" in refused.stderr
    assert len(read_config(city).cameras) == 1
    assert call("cameras", "import", file, "-c", city, "--take-good").exit_code == 1
    assert len(read_config(city).cameras) == 2


def test_a_camera_of_the_file_is_not_taken_over(city: Path, tmp_path: Path):
    clash = GOOD.replace("gate-1", "inbox")
    result = call("cameras", "import", table(tmp_path, clash), "-c", city)
    assert (result.exit_code, "inbox stands in" in result.stderr) == (1, True)


def test_a_difference_is_shown_before_it_is_taken(city: Path, tmp_path: Path):
    call("cameras", "import", table(tmp_path, GOOD), "-c", city)
    other = table(tmp_path, GOOD.replace("North gate", "East gate"), BAD)
    found = json.loads(call("cameras", "diff", other, "-c", city, "--json").stdout)
    assert found["changed"] == {"gate-1": ["name"]}
    assert found["faults"][0].startswith("line 3")


@pytest.fixture
def gateway():
    one = FakeGateway()
    one.devices = {
        f"3207000000118{device:07}": [
            channel_record(f"3207000000131{device * 100 + number:07}", f"camera {number}", 119, 34)
            for number in range(100)
        ]
        for device in range(20)
    }
    one.user, one.password = "wvp", "secret"
    yield one
    one.close()


def test_a_gateway_s_two_thousand_cameras_are_listed_compared_and_taken(
    city: Path, gateway: FakeGateway
):
    url = gateway.url("wvp:secret@")
    began_s = time.process_time()
    shown = json.loads(call("cameras", "gateway", url, "-c", city, "--json").stdout)
    assert (len(shown["added"]), shown["faults"]) == (2_000, [])
    assert len(read_config(city).cameras) == 1  # nothing is taken unasked
    taken = call("cameras", "gateway", url, "-c", city, "--take", "--task", "vendor")
    assert taken.exit_code == 0
    assert time.process_time() - began_s < 20  # the gateway's own work is in it
    watched = read_config(city).cameras
    assert len(watched) == 2_001
    assert (watched[1].source.kind, watched[1].tasks) == ("gateway", ("vendor",))
    again = json.loads(call("cameras", "gateway", url, "-c", city, "--json").stdout)
    assert (again["added"], again["unchanged"]) == ([], 2_000)


def test_a_gateway_s_cameras_vanish_and_come_back(city: Path, gateway: FakeGateway):
    first, second = list(gateway.devices)[:2]
    gateway.devices = {each: gateway.devices[each][:2] for each in (first, second)}
    ids = [row["channelId"] for rows in gateway.devices.values() for row in rows]

    def call_gateway(*more: str, password: str = "secret"):
        return call("cameras", "gateway", gateway.url(f"wvp:{password}@"), "-c", city, *more)

    call_gateway("--take")
    gone = gateway.devices[first].pop()
    gateway.broken_devices.add(second)
    ill = call_gateway("--take")
    assert ill.exit_code == 1
    assert f"! {second}: not listed: " in ill.stdout
    assert [line for line in ill.stdout.splitlines() if line[0] in "+-~"] == [f"- {ids[1]}"]
    assert len(read_config(city).cameras) == 5  # kept until somebody says that it is gone
    call_gateway("--take", "--drop-gone")
    assert [camera.id for camera in read_config(city).cameras] == ["inbox", ids[0], *ids[2:]]
    gateway.devices[first].append(gone)
    gateway.broken_devices.clear()
    gateway.password = "changed"
    refused = call_gateway("--take")
    assert refused.exit_code == 2
    assert "wrong user name or password" in refused.stderr
    assert "secret" not in refused.stderr
    back = json.loads(call_gateway("--take", "--json", password="changed").stdout)
    assert back["added"] == [ids[1]]
    assert back["changed"] == {each: ["url"] for each in (ids[0], *ids[2:])}


def test_a_gateway_s_camera_takes_the_place_of_no_other(city: Path, gateway: FakeGateway):
    device = next(iter(gateway.devices))
    gateway.devices = {device: gateway.devices[device][:2]}
    clash = gateway.devices[device][0]["channelId"]
    city.write_text(f"cameras: [{{id: '{clash}', kind: push}}]\n", encoding="utf-8")
    result = call("cameras", "gateway", gateway.url("wvp:secret@"), "-c", city, "--take")
    assert result.exit_code == 1
    assert f"! {clash} is another camera" in result.stdout
    assert [camera.source.kind for camera in read_config(city).cameras] == ["push", "gateway"]


def test_no_table_at_all_is_named(city: Path, tmp_path: Path):
    nothing = tmp_path / "x.csv"
    nothing.write_text("a,b\n1,2\n", encoding="utf-8")
    result = call("cameras", "import", nothing, "-c", city)
    assert (result.exit_code, "x.csv" in result.stderr) == (2, True)


def calibrated(folder: Path) -> City:
    """A camera whose four corners are marked on a map, over a grid of two cells."""
    corners = [(0, 0, 119.2, 34.602), (1, 0, 119.202, 34.602)]
    corners += [(1, 1, 119.2015, 34.6), (0, 1, 119.2005, 34.6)]
    points = [{"x_unit": u, "y_unit": v, "x": x, "y": y} for u, v, x, y in corners]
    camera = {"id": "corner", "kind": "push", "interval_s": 10, "calibration": points}

    def cell(code: str, west: float, east: float) -> dict:
        ring = [[west, 34.59], [east, 34.59], [east, 34.61], [west, 34.61], [west, 34.59]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}

    cells = [cell("320703001001001", 119.19, 119.201), cell("320703001001002", 119.201, 119.21)]
    grid = folder / "grid.geojson"
    grid.write_text(json.dumps({"type": "FeatureCollection", "features": cells}))
    return City(config(folder / "data", cameras=[camera], grids=[{"file": grid}])).start()


def test_a_case_of_a_calibrated_camera_has_its_own_position_and_grid(tmp_path: Path):
    city = calibrated(tmp_path)
    try:
        city.push(1, hole=True)
        (case,) = city.service.records.queries.cases().items
        position = case.place.position
        assert 119.201 < position.x < 119.202
        assert 34.6 < position.y < 34.601
        assert position.error_radius_m > 0
        assert case.grid == "320703001001002"
    finally:
        city.service.stop()


def test_a_calibration_that_cannot_be_is_named(tmp_path: Path):
    path = tmp_path / "city.yaml"
    point = "{x_unit: 0.1, y_unit: 0.1, x: 119.2, y: 34.6}"
    path.write_text(f"cameras: [{{id: a, kind: push, calibration: [{point}]}}]")
    with pytest.raises(ConfigError, match="4 are needed"):
        read_config(path)


def test_a_grid_that_is_not_there_is_named(tmp_path: Path):
    settings = config(tmp_path, grids=[{"file": tmp_path / "no.geojson"}])
    with pytest.raises(ConfigError, match=r"no\.geojson"):
        City(settings)
