"""A picture from a patrol car."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from detector.inference.fake import FakeDetector
from detector.pipeline.ground_watch import GroundWatch
from detector.rules import build_rule
from detector.types import Frame, Pose

CLASSES = ("cover_ok", "cover_damaged", "cover_missing", "person")
HERE, BESIDE = (100.0, 100.0, 140.0, 130.0), (200.0, 100.0, 240.0, 130.0)


def tracks(*rows):
    model = FakeDetector(lambda image: list(rows), CLASSES, thresholds=dict.fromkeys(CLASSES, 0.3))
    watch = GroundWatch(detectors=[model], rules=[build_rule({"rule": "cover"})])
    frame = Frame(
        source_id="car",
        seq=0,
        captured_at=datetime(2026, 5, 4, 2, 0, tzinfo=UTC),
        clock="wall",
        image=np.zeros((180, 320, 3), np.uint8),
        pose=Pose(lat_deg=34.6, lon_deg=119.2, error_radius_m=5),
    )
    return [track.class_name for track in watch.examine(frame).look.tracks]


def test_a_cover_that_two_classes_claim_is_one_cover():
    assert tracks(("cover_ok", 0.4, HERE), ("cover_missing", 0.7, HERE)) == ["cover_missing"]


def test_two_covers_in_a_picture_are_two():
    assert len(tracks(("cover_missing", 0.6, HERE), ("cover_missing", 0.7, BESIDE))) == 2
