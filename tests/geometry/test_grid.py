"""Whose ground a point stands on."""

from __future__ import annotations

import json
import random
import time

import pytest

from detector.geometry.crs import convert
from detector.geometry.grid import GridCell, GridIndex
from detector.types import ConfigError, Position

WEST, SOUTH = 119.1, 34.5


def square(west, south, side):
    corners = [(west, south), (west + side, south), (west + side, south + side)]
    return [[*corners, (west, south + side), (west, south)]]


def feature(code, coordinates, kind="Polygon", **more):
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"code": code, **more},
    }


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def at(x, y, crs="EPSG:4326"):
    return Position(x=x, y=y, crs=crs, error_radius_m=1)


def test_finds_the_cell_its_county_and_what_is_said_of_it():
    index = GridIndex.from_geojson(
        collection(
            feature(320703001002003, square(119.1, 34.5, 0.1), name="Market", team="3"),
            feature("320706001002004", square(119.2, 34.5, 0.1)),
        ),
        "grid.geojson",
    )
    cell = index.find(at(119.15, 34.55))
    assert (cell.code, cell.name, cell.county_code) == ("320703001002003", "Market", "320703")
    assert cell.properties["team"] == "3"
    assert index.find(at(119.25, 34.55)).county_code == "320706"
    assert index.find(at(119.4, 34.55)) is None
    assert index.find(at(119.2, 34.55)) is not None  # on the common edge
    assert GridCell(code="A-7").county_code == ""


def test_holes_several_parts_and_overlaps():
    ring = [*square(119.1, 34.5, 0.1), *square(119.13, 34.53, 0.04)]
    island = [square(119.3, 34.5, 0.01), square(119.4, 34.5, 0.01)]
    index = GridIndex.from_geojson(
        collection(
            feature("1", ring),
            feature("2", island, kind="MultiPolygon"),
            feature("3", square(119.1, 34.5, 0.02)),
        ),
        "grid.geojson",
    )
    assert index.find(at(119.15, 34.55)) is None  # in the hole
    assert index.find(at(119.405, 34.505)).code == "2"
    assert index.find(at(119.11, 34.51)).code == "3"  # the smaller of two


def test_points_and_cells_in_other_systems():
    data = collection(feature("1", square(428_000, 3_830_000, 1_000)))
    index = GridIndex.from_geojson(data, "grid.geojson", crs="EPSG:4549")
    here = at(119.2216, 34.5967)
    assert index.find(here).code == "1"
    assert index.find(convert(here, "GCJ-02")).code == "1"
    unconverted = convert(here, "GCJ-02")
    assert index.find(at(unconverted.x + 0.006, unconverted.y)) is None


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a GeoJSON FeatureCollection"),
        (collection(feature("", square(1, 1, 1))), r"feature 1: has no 'code'"),
        (collection({"type": "Feature"}), "feature 1: has no geometry"),
        (collection(feature("1", [1, 2], kind="Point")), "feature 1: is a Point"),
        (collection(feature("1", [[(0, 0), (1, 1)]])), "feature 1"),
        (
            collection(feature("1", square(1, 1, 1)), feature("1", square(3, 3, 1))),
            "feature 2: code 1 is that of feature 1, too",
        ),
    ],
)
def test_faults_are_named(data, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        GridIndex.from_geojson(data, "grid.geojson")
    assert str(caught.value).startswith("grid.geojson")


def test_a_city_of_twenty_thousand_cells_takes_under_a_millisecond_a_point():
    side = 0.001
    cells = [
        feature(f"3207{row:05}{column:06}", square(WEST + column * side, SOUTH + row * side, side))
        for row in range(100)
        for column in range(200)
    ]
    index = GridIndex.from_geojson(collection(*cells), "city.geojson")
    assert len(index) == 20_000
    pick = random.Random(2)
    points = [at(WEST + pick.random() * 0.2, SOUTH + pick.random() * 0.1) for _ in range(500)]
    began_s = time.process_time()
    found = [index.find(point) for point in points]
    each_s = (time.process_time() - began_s) / len(points)
    for point, cell in zip(points, found, strict=True):
        row, column = int((point.y - SOUTH) / side), int((point.x - WEST) / side)
        assert cell.code == f"3207{row:05}{column:06}"
    assert each_s < 0.001
