"""Identity and life of incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.incidents import LetterKind, Observation
from detector.incidents.journal import IncidentEventKind
from detector.types import (
    Box,
    ConfigError,
    IncidentStatus,
    Position,
    Posting,
    VerdictAnswer,
)


def kinds(street, incident_id):
    return [event.kind for event in street.queries.incident_events(incident_id)]


def only(street):
    (incident,) = street.queries.incidents().items
    return incident


def test_a_standing_finding_is_one_incident(street):
    changes = street.look(street.finding())
    (opened,) = changes.opened
    assert opened.verdict == VerdictAnswer.PENDING
    assert opened.opened_at == street.at
    assert opened.coverage_text == "present in 18 of 18 looks over 3 min, blind 0 s"
    for _ in range(5):
        changes = street.look(street.finding())
        assert not changes.any
        assert changes.seen[0][0] == opened.id
    assert only(street).last_seen_at == street.at
    assert kinds(street, opened.id) == [IncidentEventKind.OPENED]


def test_a_restart_and_a_new_track_change_nothing(street):
    street.look(street.finding())
    street.wire()
    moved = Box(0.43, 0.42, 0.54, 0.62)
    assert not street.look(street.finding(moved)).opened
    assert only(street).place.box_unit == street.STALL


def test_a_cart_that_shifts_by_and_by_stays_the_same(street):
    for step in range(8):
        shift = 0.04 * step
        street.look(street.finding(Box(0.1 + shift, 0.4, 0.2 + shift, 0.6)))
    assert len(street.queries.incidents().items) == 1


def test_elsewhere_another_violation_or_another_camera_is_another_incident(street):
    street.look(street.finding(), street.finding(street.ELSEWHERE))
    street.look(street.finding(), street.finding(street.ELSEWHERE), street.cover())
    street.look(street.finding(source_id="cam2"), source_id="cam2")
    assert len(street.queries.incidents().items) == 4


def test_two_things_side_by_side_are_two_though_they_touch(street):
    left, right = Box(0.40, 0.4, 0.50, 0.6), Box(0.49, 0.4, 0.59, 0.6)
    for _ in range(3):
        street.look(street.finding(left), street.finding(right))
    assert len(street.queries.incidents().items) == 2


def test_two_findings_of_one_thing_are_one_incident(street):
    inside = Box(0.41, 0.42, 0.49, 0.58)
    changes = street.look(street.finding(), street.finding(inside, class_name="cart"))
    assert len(changes.opened) == 1
    assert len(changes.seen) == 2
    street.look(street.finding(inside))
    street.look(street.finding(), street.finding(inside))
    assert len(street.queries.incidents().items) == 1


def test_a_second_thing_on_a_spread_out_incident_is_a_second_incident(street):
    wide = Box(0.3, 0.4, 0.6, 0.6)
    street.look(street.finding(wide))
    left, right = Box(0.3, 0.4, 0.42, 0.6), Box(0.48, 0.4, 0.6, 0.6)
    changes = street.look(street.finding(left), street.finding(right))
    assert len(changes.opened) == 1


def test_only_a_detection_opens(street):
    assert not street.look(street.finding(seen_now=False)).opened
    assert street.look(street.finding()).opened


def test_gone_for_long_enough_is_cleared(street):
    street.look(street.finding())
    last = street.at
    (cleared,) = street.leave().cleared
    assert cleared.status == IncidentStatus.CLEARED
    assert cleared.cleared_at == street.at
    assert cleared.last_seen_at == last
    assert kinds(street, cleared.id)[-1] == IncidentEventKind.CLEARED
    assert not street.look().cleared


def test_both_looks_and_seconds_are_needed(street):
    street.look(street.finding())
    for _ in range(10):
        assert not street.look(step_s=1).cleared
    assert street.look(step_s=15).cleared


def test_blind_looks_count_for_neither(street):
    street.look(street.finding())
    street.look()
    for _ in range(20):
        assert not street.look(good_look=False).any
    assert not street.look().cleared  # the blind span before it was not watched
    assert not street.look().cleared
    assert street.look().cleared


def test_a_blind_look_neither_opens_nor_sees(street):
    assert not street.look(street.finding(), good_look=False).opened
    assert not street.queries.incidents().items


def test_occluded_looks_count_for_neither(street):
    street.look(street.finding())
    bus = street.place(Box(0.2, 0.2, 0.9, 0.9))
    for _ in range(10):
        assert not street.look(occluded_places=(bus,)).cleared
    assert street.leave().cleared


def test_a_look_that_did_not_examine_the_violation_counts_for_neither(street):
    street.look(street.finding())
    for _ in range(10):
        assert not street.look(examined=frozenset({"cover"})).cleared
    assert street.leave().cleared


def test_a_thing_below_the_rule_keeps_the_incident(street):
    street.look(street.finding())
    street.wire()  # no track is left that would stand
    for _ in range(10):
        present = {"vendor": (street.place(),)}
        assert not street.look(present_places=present).cleared
    assert only(street).last_seen_at == street.at
    assert street.leave().cleared


def test_a_finding_carried_over_a_gap_keeps_without_being_seen(street):
    street.look(street.finding())
    last = street.at
    for _ in range(10):
        assert not street.look(street.finding(seen_now=False)).cleared
    assert only(street).last_seen_at == last


def test_a_stopped_service_is_not_an_absence(street):
    street.look(street.finding())
    street.config = street.config.model_copy(update={"longest_gap_s": 15.0})
    street.wire()
    street.look()
    assert not street.look(step_s=36000).cleared
    assert street.look().cleared  # 15 + 10 s were watched


def test_back_soon_is_the_same_incident(posted_street):
    street = posted_street
    street.look(street.cover())
    first = only(street)
    street.leave()
    (back,) = street.look(street.cover(), step_s=500).reopened
    assert (back.id, back.reopened, back.cleared_at) == (first.id, 1, None)
    assert back.case_id == first.case_id
    letters = [d.kind for d in street.queries.deliveries().items if d.destination == "city"]
    assert sorted(letters) == [LetterKind.CLEARED, LetterKind.OPENED, LetterKind.REOPENED]


def test_back_late_is_a_new_incident(street):
    street.look(street.finding())
    street.leave()
    changes = street.look(street.finding(), step_s=601)
    assert changes.opened
    assert not changes.reopened
    assert len(street.queries.incidents().items) == 2


def test_a_carried_finding_brings_nothing_back(street):
    street.look(street.finding())
    street.leave()
    assert not street.look(street.finding(seen_now=False)).any


def test_open_comes_before_cleared(street):
    street.look(street.finding())
    street.leave()
    near = Box(0.45, 0.4, 0.55, 0.6)
    street.look(street.finding(near), step_s=700)
    changes = street.look(street.finding(street.STALL))
    assert not changes.opened
    assert not changes.reopened


def reject(street, incident):
    street.verdicts.give_verdict(incident.id, VerdictAnswer.REJECTED, "li", "an umbrella")


def test_rejected_stays_rejected_while_it_stays_and_for_a_while_after(street):
    street.look(street.finding())
    reject(street, only(street))
    for _ in range(5):
        assert not street.look(street.finding()).any
    street.leave()
    assert not street.look(street.finding(), step_s=3000).any
    back = only(street)
    assert (back.status, back.reopened, back.case_id) == (IncidentStatus.OPEN, 0, None)
    assert kinds(street, back.id)[-1] == IncidentEventKind.RETURNED
    street.leave()
    assert street.look(street.finding(), step_s=3601).opened


def test_a_graver_subtype_is_not_held_back_by_a_rejection(street):
    street.look(street.cover("cover_damaged"))
    reject(street, only(street))
    (opened,) = street.look(street.cover()).opened
    assert opened.urgent
    assert opened.case_id
    assert not street.look(street.cover()).any
    assert not street.look(street.cover("cover_damaged")).any


def test_escalation_raises_the_incident_and_posts_at_once(posted_street):
    street = posted_street
    street.look(street.cover("cover_damaged"))
    incident = only(street)
    assert incident.case_id is None
    changes = street.look(street.cover())
    (raised,) = changes.escalated
    assert (raised.id, raised.subtype, raised.urgent) == (incident.id, "cover_missing", True)
    assert changes.cases == (raised.case_id,)
    assert not street.look(street.cover("cover_damaged")).any
    assert only(street).subtype == "cover_missing"


def test_escalation_of_a_case_updates_it(posted_street):
    street = posted_street
    street.look(street.cover("cover_damaged"))
    incident = only(street)
    case_id = street.verdicts.give_verdict(incident.id, VerdictAnswer.CONFIRMED, "li").case_id
    assert not street.queue.get(case_id).urgent
    assert street.look(street.cover()).cases == ()
    case = street.queue.get(case_id)
    assert case.urgent
    assert case.subtype == "cover_missing"
    letters = [d.kind for d in street.queries.deliveries().items if d.destination == "county"]
    assert sorted(letters) == [LetterKind.OPENED, LetterKind.UPDATED]


def test_after_verdict_waits_and_at_once_does_not(street):
    assert street.look(street.finding()).cases == ()
    changes = street.look(street.finding(), street.cover(box=street.ELSEWHERE))
    assert changes.opened[0].case_id == changes.cases[0]


LON, LAT = 119.2, 34.6
METRE_LAT = 1 / 110_900


def at_metres(north_m, radius_m=5.0):
    return Position(x=LON, y=LAT + north_m * METRE_LAT, error_radius_m=radius_m)


def test_a_second_pass_by_another_car_is_the_same_incident(street):
    street.look(street.cover(source_id="car1", position=at_metres(0)), source_id="car1")
    for north_m in (6, -7):
        found = street.cover(source_id="car2", position=at_metres(north_m))
        assert not street.look(found, source_id="car2", step_s=86400).opened
    far = street.cover(source_id="car2", position=at_metres(40))
    assert street.look(far, source_id="car2").opened


def test_passes_with_an_offset_keep_two_covers_apart(street):
    """The near cover of one pass may be the far one of the next: greedy pairing fails here."""
    left, right = Box(0.2, 0.5, 0.3, 0.6), Box(0.6, 0.5, 0.7, 0.6)

    def seen(offset_m):
        return [
            street.cover(box=left, source_id="car", position=at_metres(offset_m, 2.5)),
            street.cover(box=right, source_id="car", position=at_metres(offset_m + 3, 2.5)),
        ]

    assert len(street.look(*seen(0), source_id="car").opened) == 2
    for offset_m in (2, 4, -4):
        assert not street.look(*seen(offset_m), source_id="car").opened


def test_positions_in_another_crs_meet(street):
    street.look(street.cover(source_id="car", position=at_metres(0)), source_id="car")
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", "EPSG:4549", always_xy=True).transform(LON, LAT)
    other = Position(x=x, y=y, crs="EPSG:4549", error_radius_m=1)
    found = street.cover(source_id="drone", position=other)
    assert not street.look(found, source_id="drone").opened
    wrong = street.cover(
        source_id="app", position=Position(x=1, y=2, crs="MARS-1", error_radius_m=1)
    )
    with pytest.raises(ConfigError, match="MARS-1"):
        street.look(wrong, source_id="app")


def test_a_moving_incident_is_cleared_by_order_or_by_its_case(street):
    found = street.cover(source_id="car", position=at_metres(0))
    (opened,) = street.look(found, source_id="car").opened
    street.look(source_id="car", fixed=False)
    assert only(street).status == IncidentStatus.OPEN
    with street.database.transaction() as transaction:
        assert street.registry.clear(transaction, opened.id, street.at, "a later pass", "zhao")
        assert not street.registry.clear(transaction, opened.id, street.at, "again")
    assert street.look(found, source_id="car").reopened


def test_a_rejected_moving_incident_is_left_alone_for_its_time_only(street):
    found = street.cover(source_id="car", position=at_metres(0))
    (opened,) = street.look(found, source_id="car").opened
    reject(street, opened)
    assert not street.look(found, source_id="car", step_s=3000).any
    assert street.look(found, source_id="car", step_s=3700).opened


def test_a_foreign_finding_and_a_naive_time_are_refused(street):
    with pytest.raises(ValueError, match="cam2"):
        street.look(street.finding(source_id="cam"), source_id="cam2")
    with pytest.raises(ValueError, match="aware"):
        Observation(
            source_id="cam",
            fixed=True,
            at=datetime(2026, 1, 1),
            clock="wall",
            good_look=True,
            examined=frozenset(),
        )


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(looks=st.lists(st.sampled_from(["seen", "blind", "gone", "hidden", "present"]), max_size=40))
def test_whatever_happens_at_one_place_there_is_never_more_than_one_open(fresh_street, looks):
    street = fresh_street()
    bus = street.place(Box(0.2, 0.2, 0.9, 0.9))
    for look in looks:
        if look == "seen":
            street.look(street.finding(posting=Posting.AT_ONCE), street.finding())
        elif look == "blind":
            street.look(good_look=False)
        elif look == "hidden":
            street.look(occluded_places=(bus,))
        elif look == "present":
            street.look(present_places={"vendor": (street.place(),)})
        else:
            street.look(step_s=30)
        found = street.queries.incidents().items
        assert len([i for i in found if i.status == IncidentStatus.OPEN]) <= 1
        assert len(found) == len({i.case_id for i in found})


def test_times_come_back_aware_in_utc(street):
    from datetime import timedelta, timezone

    shanghai = timezone(timedelta(hours=8))
    street.at = street.START.astimezone(shanghai)
    (opened,) = street.look(street.finding()).opened
    assert opened.opened_at == street.at
    assert opened.opened_at.tzinfo is UTC
    assert replace(opened, score=1.0)
