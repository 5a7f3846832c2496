"""Reference systems."""

from __future__ import annotations

import random

import pytest

from detector.geometry.crs import convert, normal_name, wgs84_lon_lat_deg
from detector.geometry.ground import distance_m
from detector.types import ConfigError, Position

LIANYUNGANG = Position(x=119.2216, y=34.5967, error_radius_m=5)


def apart_m(one, other):
    """How far two pairs of degrees lie apart when both are taken as WGS-84."""
    first, second = (Position(x=p.x, y=p.y, error_radius_m=0) for p in (one, other))
    return distance_m(first, second)


def test_web_maps_are_off_by_what_is_known_of_them():
    assert apart_m(LIANYUNGANG, convert(LIANYUNGANG, "GCJ-02")) == pytest.approx(520, abs=1)
    assert apart_m(LIANYUNGANG, convert(LIANYUNGANG, "BD-09")) == pytest.approx(1227, abs=1)
    tiananmen = Position(x=116.39123343, y=39.90728850, error_radius_m=0)
    shifted = convert(tiananmen, "GCJ-02")
    assert (shifted.x, shifted.y) == pytest.approx((116.3974746, 39.9086897), abs=1e-6)


@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09", "EPSG:4549", "EPSG:3857", "EPSG:4490"])
def test_there_and_back_is_exact(crs):
    pick = random.Random(4)
    for _ in range(300):
        west, east = (118, 122) if crs == "EPSG:4549" else (74, 134)
        here = Position(x=pick.uniform(west, east), y=pick.uniform(18, 53), error_radius_m=3)
        there = convert(here, crs)
        assert there.crs == crs
        assert there.error_radius_m == 3
        assert apart_m(here, convert(there, "EPSG:4326")) < 0.001


def test_projected_cgcs2000():
    plane = convert(LIANYUNGANG, "EPSG:4549")  # 3-degree zone around 120° E, false easting 500 km
    assert plane.x == pytest.approx(500_000 - 71_406, abs=2)
    assert plane.y == pytest.approx(3_830_127, abs=2)
    assert wgs84_lon_lat_deg(plane) == pytest.approx((119.2216, 34.5967), abs=1e-9)
    assert convert(convert(LIANYUNGANG, "BD-09"), "EPSG:4549").x == pytest.approx(plane.x, abs=1e-3)


def test_outside_china_nothing_is_shifted():
    abroad = Position(x=2.35, y=48.85, error_radius_m=0)
    assert apart_m(abroad, convert(abroad, "gcj02")) == 0


@pytest.mark.parametrize(
    ("given", "name"),
    [("gcj02", "GCJ-02"), ("bd_09", "BD-09"), ("WGS84", "EPSG:4326"), ("cgcs2000", "EPSG:4490")],
)
def test_names_have_one_spelling(given, name):
    assert normal_name(given) == name


def test_unknown_systems_and_impossible_points_are_named():
    with pytest.raises(ConfigError, match="EPSG:999999"):
        normal_name("EPSG:999999")
    with pytest.raises(ConfigError, match="here"):
        convert(LIANYUNGANG, "here")
    with pytest.raises(ConfigError, match="outside"):
        convert(Position(x=1e12, y=1e12, crs="EPSG:4549", error_radius_m=0), "EPSG:4326")
