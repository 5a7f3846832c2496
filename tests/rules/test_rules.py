"""The vendor and cover rules on hand-made looks."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta

import pytest

from detector.rules import build_rule
from detector.rules.calendar import in_force
from detector.rules.cover import CoverConfig, CoverRule
from detector.rules.vendor import VendorConfig, VendorRule
from detector.types import (
    Box,
    ConfigError,
    Coverage,
    Detections,
    Look,
    Permit,
    Position,
    Posting,
    Track,
    Zone,
    ZoneKind,
)

AT = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
DAILY = Permit(
    weekdays=frozenset(range(7)),
    from_date=None,
    to_date=None,
    from_time=time(9),
    to_time=time(12),
    stalls=1,
)


def track(number=1, name="stall", box=(100, 100, 200, 200), *, seconds=400, blind=0.0, **changes):
    values = {
        "track_id": number,
        "class_name": name,
        "box_px": Box(*box),
        "score": 0.7,
        "last_score": 0.7,
        "first_seen_at": AT - timedelta(seconds=seconds),
        "last_seen_at": AT,
        "seen_now": True,
        "coverage": Coverage(
            looks_present=40, looks_total=44, looks_occluded=0, span_s=seconds, blind_s=blind
        ),
        "strong_looks": 35,
    }
    return Track(**(values | changes))


def look(*tracks, zones=(), fixed=True, at=AT):
    return Look(
        source_id="c1",
        at=at,
        width_px=1000,
        height_px=500,
        fixed=fixed,
        detections=Detections.empty(("stall",)),
        tracks=tracks,
        zones=zones,
    )


def zone(kind, name="z", permits=(), x1=0.0, x2=1.0):
    corners = ((x1, 0.0), (x2, 0.0), (x2, 1.0), (x1, 1.0))
    return Zone(name=name, kind=kind, polygon_unit=corners, permits=permits)


def vendor(**changes):
    return VendorRule(VendorConfig(**changes))


def test_a_standing_stall_is_found_with_its_reason():
    (found,) = vendor().judge(look(track(), zones=(zone(ZoneKind.PAVEMENT, "east"),)))
    assert found.subtype == "mobile_vendor"
    assert found.zone == "east"
    assert found.posting is Posting.AFTER_VERDICT
    assert "seen in 40 of 44 looks over 6 min 40 s" in found.reason
    assert found.rule_version.startswith("vendor/1+")


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 299},
        {"seconds": 400, "blind": 150.0},
        {"name": "parasol"},
        {"name": "car"},
        {"strong_looks": 12},
        {"class_share": 0.4},
    ],
)
def test_too_little_evidence_finds_nothing(change):
    assert vendor().judge(look(track(**change))) == ()


def test_outside_the_drawn_zones_and_in_ignored_ones_nothing_counts():
    pavement = zone(ZoneKind.PAVEMENT, x1=0.5)
    assert vendor().judge(look(track(), zones=(pavement,))) == ()
    assert vendor().judge(look(track(), zones=(zone(ZoneKind.IGNORE),))) == ()


def test_a_permit_excuses_the_longest_standing_and_not_the_surplus():
    place = zone(ZoneKind.PERMITTED, "fruit", permits=(DAILY,))
    first = track(1, seconds=900)
    late = track(2, box=(400, 100, 500, 200), seconds=500)
    assert vendor().judge(look(first, zones=(place,))) == ()
    (found,) = vendor().judge(look(first, late, zones=(place,)))
    assert found.first_seen_at == late.first_seen_at
    assert "more stalls than permitted" in found.reason


def test_after_the_permitted_hours_the_vendor_is_found():
    place = zone(ZoneKind.PERMITTED, "fruit", permits=(DAILY,))
    at = AT + timedelta(hours=3)
    (found,) = vendor().judge(look(track(), zones=(place,), at=at))
    assert "outside the permitted hours 09:00–12:00" in found.reason


def test_goods_of_one_stall_are_one_vendor_and_neighbours_are_two():
    goods = track(2, "ground_goods", (110, 150, 210, 210))
    neighbour = track(3, box=(300, 100, 400, 200))
    assert len(vendor().judge(look(track(), goods, neighbour))) == 2


def test_reaching_out_of_a_shop_is_the_shops():
    front = zone(ZoneKind.SHOP_FRONT, "shop", x1=0.15, x2=0.5)
    (found,) = vendor().judge(look(track(), zones=(front,)))
    assert found.subtype == "shop_outside_line"


def test_the_version_follows_the_parameters():
    assert vendor().version == vendor().version
    assert vendor().version != vendor(dwell_s=200).version


def test_the_version_is_the_same_in_every_process():
    code = "from detector.rules import build_rule; print(build_rule({'rule': 'vendor'}).version)"
    versions = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(versions) == 1


def permit(start, end, **changes):
    values = {"weekdays": frozenset({0}), "from_date": None, "to_date": None, "stalls": 1}
    return Permit(from_time=start, to_time=end, **(values | changes))


@pytest.mark.parametrize(
    ("given", "local", "expected"),
    [
        (permit(time(9), time(12)), datetime(2026, 5, 4, 9), True),
        (permit(time(9), time(12)), datetime(2026, 5, 4, 12), False),
        (permit(time(9), time(12)), datetime(2026, 5, 5, 9), False),
        (permit(time(22), time(2)), datetime(2026, 5, 4, 23), True),
        (permit(time(22), time(2)), datetime(2026, 5, 5, 1, 59), True),
        (permit(time(22), time(2)), datetime(2026, 5, 4, 1), False),
        (permit(time(0), time(0)), datetime(2026, 5, 4, 15), True),
        (permit(time(9), time(12), to_date=date(2026, 5, 4)), datetime(2026, 5, 4, 9), True),
        (permit(time(9), time(12), to_date=date(2026, 5, 3)), datetime(2026, 5, 4, 9), False),
    ],
)
def test_calendar(given, local, expected):
    assert in_force(given, local) is expected


def cover(**changes):
    return CoverRule(CoverConfig(**changes))


def missing(strong, score=0.7, **changes):
    coverage = Coverage(
        looks_present=strong, looks_total=strong, looks_occluded=0, span_s=10, blind_s=0
    )
    return track(
        name="cover_missing",
        coverage=coverage,
        strong_looks=strong,
        last_score=score,
        **changes,
    )


def test_a_missing_cover_is_urgent_and_goes_out_at_once():
    assert cover().judge(look(missing(1))) == ()
    (found,) = cover().judge(look(missing(2)))
    assert found.urgent
    assert found.posting is Posting.AT_ONCE
    assert len(cover().judge(look(missing(1, score=0.95)))) == 1


def test_one_picture_of_a_patrol_car_suffices_for_a_missing_cover():
    position = Position(x=119.2, y=34.6, error_radius_m=5)
    assert len(cover().judge(look(missing(1, position=position), fixed=False))) == 1


def test_a_broken_cover_needs_looks_or_passes():
    fixed = track(name="cover_damaged", strong_looks=35)
    assert len(cover().judge(look(fixed))) == 1
    position = Position(x=119.2, y=34.6, error_radius_m=5)
    one = track(name="cover_damaged", position=position, passes=1)
    two = track(name="cover_damaged", position=position, passes=2)
    assert cover().judge(look(one, fixed=False)) == ()
    assert len(cover().judge(look(two, fixed=False))) == 1


def test_an_intact_cover_and_a_pothole_are_nothing():
    assert cover().judge(look(track(name="cover_ok"), track(name="pothole"))) == ()


def test_rules_are_built_by_name_and_refuse_what_they_do_not_know():
    assert build_rule({"rule": "vendor", "dwell_s": 60}).violation == "vendor"
    with pytest.raises(ConfigError, match="unknown rule 'noise'"):
        build_rule({"rule": "noise"})
    with pytest.raises(ConfigError, match="dwell_minutes"):
        build_rule({"rule": "vendor", "dwell_minutes": 5})
    with pytest.raises(ConfigError, match="unknown class tent"):
        build_rule({"rule": "vendor", "classes": ["tent"]})
