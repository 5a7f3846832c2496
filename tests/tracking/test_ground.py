"""Passes of moving sources over the same thing."""

from datetime import UTC, datetime, timedelta

import numpy as np

from detector.tracking import GroundTracker, TrackerConfig
from detector.types import Detections, Position

START = datetime(2026, 5, 1, 8, tzinfo=UTC)


def seen(count=1):
    boxes = [[10 + 50 * i, 10, 50 + 50 * i, 50] for i in range(count)]
    return Detections(
        xyxy_px=np.array(boxes, np.float32),
        score=np.full(count, 0.8, np.float32),
        class_id=np.zeros(count, np.int32),
        classes=("cover_damaged",),
    )


def at(metres_north):
    return Position(x=119.2, y=34.6 + metres_north / 111_000, error_radius_m=5)


def tracker():
    return GroundTracker(TrackerConfig(), {"cover_damaged": 0.4})


def test_a_second_pass_over_the_same_cover_is_the_same_thing():
    follow = tracker()
    follow.update(seen(), at(0), "car1", START)
    again = GroundTracker(TrackerConfig(), {"cover_damaged": 0.4})
    again.restore(follow.state())
    (track,) = again.update(seen(), at(4), "car1", START + timedelta(hours=2))
    assert (track.track_id, track.passes) == (1, 2)


def test_pictures_of_one_drive_past_are_one_pass():
    follow = tracker()
    follow.update(seen(), at(0), "car1", START)
    (track,) = follow.update(seen(), at(3), "car1", START + timedelta(seconds=2))
    assert track.passes == 1


def test_far_apart_and_side_by_side_are_different_things():
    follow = tracker()
    follow.update(seen(), at(0), "car1", START)
    (far,) = follow.update(seen(), at(60), "car1", START + timedelta(seconds=5))
    assert far.track_id == 2
    assert len(follow.update(seen(2), at(200), "car1", START + timedelta(seconds=9))) == 2
