"""A model with a pace of its own is asked less often, and nothing else changes by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from detector.inference.fake import FakeDetector
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.types import Frame

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
BOX = (300.0, 200.0, 360.0, 240.0)
STALL = ("stall", 0.8, (100.0, 100.0, 200.0, 220.0))


class Corner:
    """A camera looked at every 2 s; covers are asked for every 10 s."""

    def __init__(self) -> None:
        self.ground = np.random.default_rng(1).integers(60, 190, (360, 640, 3), np.uint8)
        self.cover: list = []
        self.asked = {"street": [], "covers": []}
        self.second = 0
        self.watch = Watch(
            detectors=[
                self._model("street", ("stall", "person"), lambda: [STALL]),
                self._model("covers", ("cover_ok", "cover_missing"), lambda: self.cover),
            ],
            rules=[
                build_rule({"rule": "vendor", "dwell_s": 60}),
                build_rule({"rule": "cover"}),
            ],
            paces={"covers": 10},
        )

    def _model(self, name, classes, rows):
        def see(image):
            self.asked[name].append(self.second)
            return rows()

        return FakeDetector(see, classes, name=name, thresholds=dict.fromkeys(classes, 0.5))

    def look(self):
        at = START + timedelta(seconds=self.second)
        frame = Frame(source_id="c", seq=1, captured_at=at, clock="file", image=self.ground)
        seen = self.watch.examine(frame)
        self.second += 2
        return seen

    def until(self, second: int) -> list:
        seen = []
        while self.second < second:
            seen.append(self.look())
        return seen


@pytest.fixture
def corner() -> Corner:
    return Corner()


def test_where_nothing_is_seen_the_model_is_asked_at_its_pace(corner):
    corner.until(40)
    assert corner.asked["covers"] == [0, 10, 20, 30]
    assert len(corner.asked["street"]) == 20


def test_a_missing_cover_is_confirmed_by_the_next_look(corner):
    corner.until(12)
    corner.cover = [("cover_missing", 0.8, BOX)]
    found = [f for seen in corner.until(40) for f in seen.findings if f.violation == "cover"]
    assert (found[0].first_seen_at - START).total_seconds() == 20
    assert (found[0].threshold_at - START).total_seconds() == 22


def test_a_cover_that_goes_is_noticed_within_pace_and_four_looks(corner):
    corner.cover = [("cover_ok", 0.8, BOX)]
    corner.until(62)
    corner.cover = [("cover_missing", 0.8, BOX)]
    found = [f for seen in corner.until(100) for f in seen.findings if f.violation == "cover"]
    assert (found[0].threshold_at - START).total_seconds() <= 62 + 10 + 4 * 2


def test_after_enough_sightings_the_pace_is_back(corner):
    corner.cover = [("cover_missing", 0.8, BOX)]
    corner.until(100)
    late = [second for second in corner.asked["covers"] if second >= 30]
    assert [b - a for a, b in pairwise(late)] == [10] * (len(late) - 1)


def test_between_two_questions_a_cover_is_neither_missed_nor_counted(corner):
    corner.cover = [("cover_missing", 0.8, BOX)]
    corner.until(104)
    before = corner.look().look.tracks
    between = corner.look()
    cover = next(t for t in between.look.tracks if t.class_name == "cover_missing")
    same = next(t for t in before if t.class_name == "cover_missing")
    assert cover.coverage == same.coverage
    assert cover.coverage.looks_present == cover.coverage.looks_total
    assert [violation for violation, _ in between.present].count("cover") == 1
    assert not [f for f in between.findings if f.violation == "cover"]


def test_a_cover_that_is_back_stops_being_present_at_the_next_question(corner):
    corner.cover = [("cover_missing", 0.8, BOX)]
    corner.until(100)
    corner.cover = []
    corner.ground = np.full_like(corner.ground, 90)
    seen = corner.until(112)
    assert "cover" not in [violation for violation, _ in seen[-1].present]


def test_the_other_models_things_go_by_every_look(corner):
    found = [f for seen in corner.until(80) for f in seen.findings if f.violation == "vendor"]
    assert (found[0].threshold_at - START).total_seconds() == 60
    assert found[0].coverage.looks_total == 31
