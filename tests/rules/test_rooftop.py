"""The rooftop rule: what is large and sure enough, and what it says."""

from datetime import UTC, datetime

from detector.rules import build_rule
from detector.rules.rooftop import bounding_box_unit
from detector.types import Box, Place, Position, Posting

AT = datetime(2026, 6, 19, 7, 0, tzinfo=UTC)


def test_small_unsure_and_foreign_things_are_no_violation():
    rule = build_rule({"rule": "rooftop", "min_area_m2": 6, "min_pictures": 2})
    assert rule.holds("rooftop_shed", 6.0, 2)
    assert not rule.holds("rooftop_shed", 5.9, 2)
    assert not rule.holds("rooftop_shed", 6.0, 1)
    assert not rule.holds("parasol", 6.0, 2)


def test_a_finding_waits_for_a_verdict_and_says_how_often_it_was_seen():
    rule = build_rule({"rule": "rooftop"})
    place = Place(
        source_id="estate-7",
        box_unit=Box(0.1, 0.1, 0.2, 0.2),
        position=Position(x=119.2, y=34.6, error_radius_m=3.7),
        fixed=False,
    )
    finding = rule.finding(
        place=place,
        class_name="rooftop_shed",
        score=0.7,
        seen_at=AT,
        shown=(3, 4),
        reason="suspected",
    )
    assert finding.posting is Posting.AFTER_VERDICT
    assert (finding.coverage.looks_present, finding.coverage.looks_total) == (3, 4)
    assert finding.rule_version.startswith("rooftop/1+")


def test_an_outline_partly_beyond_the_picture_keeps_a_box_within_it():
    ring = ((-50.0, 100.0), (300.0, 100.0), (300.0, 400.0), (-50.0, 400.0))
    assert bounding_box_unit(ring, 1000, 500) == Box(0.0, 0.2, 0.3, 0.8)
