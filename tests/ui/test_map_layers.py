"""Grids, flights and the ledger of covers on the map."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from api.auth import Role
from tests.auth.site import Site
from tests.ui.map_files import CODE, layers, write_layers


def test_a_flights_footprint_is_the_ground_that_its_pictures_show(tmp_path: Path):
    (flight,) = layers(write_layers(tmp_path)).flights()
    assert (flight.name, flight.pictures) == ("flight a", 2)
    (ring,) = flight.geometry["coordinates"]
    width_m = (max(x for x, _ in ring) - min(x for x, _ in ring)) * 111_320 * 0.823
    height_m = (max(y for _, y in ring) - min(y for _, y in ring)) * 110_940
    assert width_m == pytest.approx(100 * 4000 / 3000 + 60, rel=0.01)
    assert height_m == pytest.approx(100, rel=0.01)


def test_covers_are_those_in_sight_and_counted(tmp_path: Path):
    known = layers(write_layers(tmp_path))
    found, total = known.covers(119.19, 34.6, 119.215, 34.61, 1)
    assert ([cover.code for cover in found], total) == ([f"{CODE}0"], 2)
    assert known.covers(0, 0, 1, 1, 10) == ([], 0)


def test_a_file_that_changed_is_read_again_and_a_damaged_one_left_out(tmp_path: Path):
    made = write_layers(tmp_path)
    known = layers(made)
    assert [cell.code for cell in known.grids()] == ["g0", "g1", "g2", "g3"]
    ledger = made["map"]["cover_ledger"]
    assert known.covers(119, 34, 120, 35, 10)[1] == 3
    ledger.write_text(ledger.read_text() + f"{CODE}9,119.21,34.605,\n")
    os.utime(ledger, (1, 1))
    assert known.covers(119, 34, 120, 35, 10)[1] == 4
    ledger.write_text("code,lon,lat\nshort,1,1\n")
    assert known.covers(119, 34, 120, 35, 10) == ([], 0)
    (tmp_path / "flights" / "b").mkdir()
    (tmp_path / "flights" / "b" / "flight.json").write_text("{}")
    assert [flight.name for flight in known.flights()] == ["flight a"]


def test_gcj02_cells_come_out_in_wgs84(tmp_path: Path):
    made = write_layers(tmp_path)
    made["grids"][0]["crs"] = "GCJ-02"
    (west, south), *_ = layers(made).grids()[0].geometry["coordinates"][0]
    assert 0.003 < 119.2 - west < 0.008
    assert 0 < abs(34.6 - south) < 0.004


def test_covers_are_the_ledger_s_unless_the_map_has_its_own(tmp_path: Path):
    made = write_layers(tmp_path)
    own = made["map"].pop("cover_ledger")
    points = [
        {
            "type": "Feature",
            "properties": {"bjbm": f"{CODE}{n}"},
            "geometry": {"type": "Point", "coordinates": [119.2, 34.605]},
        }
        for n in range(2)
    ]
    ledger = tmp_path / "covers.geojson"
    ledger.write_text(json.dumps({"type": "FeatureCollection", "features": points}))
    everywhere = (119, 34, 120, 35, 10)
    assert not layers(made).has_covers
    city = {**made, "ledger": {"file": ledger, "code_property": "bjbm", "crs": "GCJ-02"}}
    (first, _), total = layers(city).covers(*everywhere)
    assert (first.code, total) == (f"{CODE}0", 2)
    assert 0.003 < 119.2 - first.lon_deg < 0.008
    city["map"] = {**made["map"], "cover_ledger": own}
    assert layers(city).covers(*everywhere)[1] == 3


def test_the_routes_give_layers_and_covers(tmp_path: Path):
    site = Site(tmp_path, **write_layers(tmp_path))
    try:
        viewer = site.signed_in(Role.VIEWER)
        told = viewer.get("/api/map/layers").json()
        assert (len(told["grids"]), len(told["flights"]), told["covers"]) == (4, 1, True)
        box = {"west": 119, "south": 34, "east": 120, "north": 35}
        assert viewer.get("/api/map/covers", params=box).json()["total"] == 3
    finally:
        site.close()
