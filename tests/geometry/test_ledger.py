"""Which cover of the ledger is meant."""

from __future__ import annotations

import json
import random
import time

import numpy as np
import pytest

from detector.geometry.crs import convert
from detector.geometry.ledger import COVER_KINDS, CoverLedger, LedgerEntry
from detector.geometry.local_frame import LocalFrame
from detector.types import ConfigError, Position

FRAME = LocalFrame(119.2216, 34.5967)


def place(east_m, north_m, error_m=5.0):
    lon, lat = FRAME.to_lon_lat(np.array([(east_m, north_m)]))[0]
    return Position(x=float(lon), y=float(lat), error_radius_m=error_m)


def entry(code, east_m, north_m):
    return LedgerEntry(code=code, kind=code[8:10], position=place(east_m, north_m, 0))


WATER, SEWAGE, RAIN = "3207030101000001", "3207060102000002", "3207030103000003"
LEDGER = CoverLedger([entry(WATER, 3, 0), entry(SEWAGE, -4, 0), entry(RAIN, 40, 0)])


def test_nearest_plausible_kind_within_the_error():
    match = LEDGER.match(place(0, 0))
    assert (match.entry.code, match.others) == (WATER, 1)
    assert match.distance_m == pytest.approx(3, abs=0.01)
    assert "1 more within 6 m" in match.reason
    match = LEDGER.match(place(0, 0), kinds={"02", "03"})
    assert (match.entry.code, match.entry.county_code, match.others) == (SEWAGE, "320706", 0)
    match = LEDGER.match(convert(place(0, 0), "EPSG:4549"))
    assert match.entry.code == WATER


def test_else_it_is_for_a_person():
    nothing = LEDGER.match(place(0, 100))
    assert nothing.entry is None
    assert nothing.reason == "no cover in the ledger within 6 m"
    of_another_kind = LEDGER.match(place(0, 0), kinds={"05"})
    assert of_another_kind.entry is None
    assert "plausible kind" in of_another_kind.reason
    assert LEDGER.match(place(38, 0, error_m=0.5)).entry is None  # 2 m away, 1.5 m believed
    assert CoverLedger([]).match(place(0, 0)).entry is None
    assert COVER_KINDS["14"] == "ownerless"


def geojson(*points):
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [x, y]},
            "properties": {"code": code, "owner": "Water works"},
        }
        for code, x, y in points
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_read_from_geojson_and_csv():
    here = place(0, 0)
    ledger = CoverLedger.from_geojson(geojson((int(WATER), here.x, here.y)), "covers.geojson")
    found = ledger.match(here).entry
    assert (found.code, found.kind, found.owner) == (WATER, "01", "Water works")
    plane = convert(here, "EPSG:4549")
    text = f"code,x,y,owner\n{SEWAGE},{plane.x},{plane.y},排水处\n"
    for encoding in ("utf-8-sig", "gb18030"):
        ledger = CoverLedger.from_csv(text.encode(encoding), "covers.csv", crs="EPSG:4549")
        assert ledger.match(here).entry.owner == "排水处"
    newer = CoverLedger.from_csv(text.encode(), "c.csv", crs="EPSG:4549", kind_digits=3)
    assert newer.match(here).entry.kind == "020"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("code,lon,lat\n12,1,2\n", "line 2: code '12' has not 16 digits"),
        (f"code,lon,lat\n{WATER},1,2\n{WATER},1,2\n", "twice"),
        (f"code,lon,lat\n{WATER},east,2\n", "line 2: needs numbers"),
        (f"code,lon\n{WATER},1\n", "line 2: needs numbers"),
        (f"code,lon,lat,crs\n{WATER},1,2,mars\n", "line 2: .*mars"),
    ],
)
def test_faults_are_named(text, complaint):
    with pytest.raises(ConfigError, match=complaint):
        CoverLedger.from_csv(text.encode(), "covers.csv")
    with pytest.raises(ConfigError, match="feature 1"):
        CoverLedger.from_geojson(geojson(("1", 1, 2)), "covers.geojson")


def test_a_citys_ledger_is_asked_quickly():
    pick = random.Random(1)
    entries = [
        LedgerEntry(
            code=f"32070301{pick.choice(['01', '02', '03'])}{number:06}",
            kind="01",
            position=Position(
                x=119.1 + pick.random() * 0.15, y=34.5 + pick.random() * 0.12, error_radius_m=3
            ),
        )
        for number in range(20_000)
    ]
    ledger = CoverLedger(entries)
    began_s = time.process_time()
    for one in entries[:200]:
        assert ledger.match(one.position).entry.code == one.code
    assert (time.process_time() - began_s) / 200 < 0.001
