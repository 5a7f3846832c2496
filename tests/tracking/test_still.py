"""A fixed camera's tracker on scripted looks."""

import json
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.tracking import StillTracker, TrackerConfig
from detector.types import Detections

CLASSES = ("stall", "cart", "parasol", "person", "bus", "cover_ok", "cover_missing")
THRESHOLDS = dict.fromkeys(CLASSES, 0.4)
START = datetime(2026, 5, 1, 8, tzinfo=UTC)
STALL = (200.0, 120.0, 300.0, 200.0)


def detections(*rows):
    if not rows:
        return Detections.empty(CLASSES)
    return Detections(
        xyxy_px=np.array([r[2] for r in rows], np.float32),
        score=np.array([r[1] for r in rows], np.float32),
        class_id=np.array([CLASSES.index(r[0]) for r in rows], np.int32),
        classes=CLASSES,
    )


def street(*, stall=False, bus=False, light=1.0, seed=0):
    rng = np.random.default_rng(7)
    image = cv2.resize(rng.integers(90, 160, (12, 20, 3), np.uint8), (640, 360))
    if stall:
        goods = np.random.default_rng(3).integers(0, 255, (8, 10, 3), np.uint8)
        image[120:200, 200:300] = cv2.resize(goods, (100, 80))
    if bus:
        image[80:260, 100:420] = (40, 40, 180)
    noisy = image * light + np.random.default_rng(seed).normal(0, 3, image.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def tracker():
    return StillTracker(TrackerConfig(), THRESHOLDS)


def looks(follow, count, start_look=0, *, image=None, rows=(("stall", 0.8, STALL),), every_s=10):
    tracks = ()
    for i in range(start_look, start_look + count):
        picture = street(stall=True, seed=i) if image is None else image
        tracks = follow.update(picture, detections(*rows), START + timedelta(seconds=every_s * i))
    return tracks


def test_presence_is_counted_in_looks_and_seconds():
    (track,) = looks(tracker(), 31)
    assert (track.coverage.looks_present, track.coverage.looks_total) == (31, 31)
    assert track.coverage.span_s == 300
    assert track.strong_looks == 31


def test_a_passing_bus_is_neither_presence_nor_absence():
    follow = tracker()
    looks(follow, 10)
    bus = (("bus", 0.9, (100.0, 80.0, 420.0, 260.0)),)
    looks(follow, 3, 10, image=street(stall=True, bus=True), rows=bus)
    (track,) = looks(follow, 5, 13)
    assert track.track_id == 1
    assert track.coverage.looks_occluded == 3
    assert (track.coverage.looks_present, track.coverage.looks_total) == (15, 15)


def test_dusk_and_flicker_keep_the_track():
    follow = tracker()
    looks(follow, 5)
    for i in range(5, 30):
        rows = () if i % 3 == 0 else (("stall", 0.2, STALL),)  # weak, and missing every third look
        light = 1 - 0.025 * (i - 5)
        follow.update(
            street(stall=True, light=light, seed=i),
            detections(*rows),
            START + timedelta(seconds=10 * i),
        )
    (track,) = follow.tracks
    assert track.track_id == 1
    assert track.coverage.looks_present == 30


def test_a_vendor_who_left_is_not_believed_by_appearance():
    follow = tracker()
    looks(follow, 10)
    tracks = looks(follow, 1, 10, image=street(), rows=())
    assert tracks[0].coverage.looks_present == 10
    assert looks(follow, 10, 11, image=street(), rows=()) == ()


def test_weak_detections_start_nothing():
    assert looks(tracker(), 10, rows=(("stall", 0.3, STALL),)) == ()


def test_people_are_not_followed():
    assert looks(tracker(), 10, rows=(("person", 0.9, STALL),)) == ()


def test_class_flips_within_a_group_are_votes():
    follow = tracker()
    for i in range(10):
        name = "cart" if i % 3 == 0 else "stall"
        looks(follow, 1, i, rows=((name, 0.8, STALL),))
    (track,) = follow.tracks
    assert track.class_name == "stall"
    stall = sum(0.7 ** (9 - i) for i in range(10) if i % 3)
    cart = sum(0.7 ** (9 - i) for i in range(10) if not i % 3)
    assert track.class_share == pytest.approx(stall / (stall + cart))
    assert track.first_seen_at == START  # a vendor taken for another kind is the same vendor


def test_a_cover_that_was_there_all_day_and_is_gone_is_a_new_fact_within_four_looks():
    follow = tracker()
    looks(follow, 2000, rows=(("cover_ok", 0.9, STALL),))
    (track,) = looks(follow, 4, 2000, rows=(("cover_missing", 0.6, STALL),))
    assert track.class_name == "cover_missing"
    assert track.class_share >= 0.6
    assert track.first_seen_at >= START + timedelta(seconds=20000)
    assert track.strong_looks == track.coverage.looks_total >= 2


def test_a_cover_that_is_called_missing_every_other_look_is_not():
    follow = tracker()
    for i in range(40):
        name = "cover_missing" if i % 2 else "cover_ok"
        tracks = looks(follow, 1, i, rows=((name, 0.6, STALL),))
        missing = [t for t in tracks if t.class_name == "cover_missing"]
        assert all(t.class_share < 0.6 for t in missing)


def test_two_neighbours_stay_two():
    other = (305.0, 120.0, 405.0, 200.0)
    tracks = looks(tracker(), 20, rows=(("stall", 0.8, STALL), ("stall", 0.7, other)))
    assert [t.coverage.looks_present for t in tracks] == [20, 20]


def test_blind_time_counts_for_neither():
    follow = tracker()
    looks(follow, 10)
    for i in range(10, 22):
        follow.blind(START + timedelta(seconds=10 * i))
    (track,) = looks(follow, 10, 22)
    assert track.coverage.blind_s == 120
    assert (track.coverage.looks_present, track.coverage.looks_total) == (20, 20)


def test_a_restart_in_between_changes_nothing_but_blind_time():
    whole, first = tracker(), tracker()
    looks(whole, 10)
    looks(first, 10)
    second = tracker()
    second.restore(json.loads(json.dumps(first.state())))
    assert looks(second, 10, 10) == looks(whole, 10, 10)


def test_a_long_gap_counts_as_blind():
    follow = tracker()
    looks(follow, 2)
    (track,) = looks(follow, 1, 60)
    assert track.coverage.blind_s == 590


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["strong", "weak", "none", "blind", "bus"]), max_size=25))
def test_counts_stay_in_order(events):
    follow = tracker()
    rows = {
        "strong": (("stall", 0.8, STALL),),
        "weak": (("stall", 0.2, STALL),),
        "none": (),
        "bus": (("bus", 0.9, (100.0, 80.0, 420.0, 260.0)),),
    }
    for i, event in enumerate(events):
        at = START + timedelta(seconds=10 * i)
        if event == "blind":
            follow.blind(at)
        else:
            follow.update(street(stall=event != "none"), detections(*rows[event]), at)
        for track in follow.tracks:
            assert track.coverage.looks_present <= track.coverage.looks_total
            assert track.coverage.blind_s <= track.coverage.span_s
            assert track.strong_looks <= track.coverage.looks_present
