"""Looks at an unchanged scene keep the last detections; whatever changes is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from detector.inference.fake import FakeDetector
from detector.pipeline.carrying import CarryConfig
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.types import Frame

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
CLASSES = ("stall", "person", "cover_missing")
STALL = ("stall", 0.8, (900.0, 500.0, 1100.0, 700.0))


class Street:
    """A noisy street of 1920×1080, looked at every 10 s, and how often the network was asked."""

    def __init__(
        self, *, carry: CarryConfig | None, rows=(STALL,), dwell_s: float = 120, name="street"
    ) -> None:
        self.name = name
        rng = np.random.default_rng(3)
        ground = rng.integers(70, 180, (54, 96, 3), np.uint8)
        self.ground = cv2.resize(ground, (1920, 1080), interpolation=cv2.INTER_LINEAR)
        noise = rng.normal(0, 4, (1100, 1940, 3)).astype(np.int8)
        self._noise, self._rng = noise, rng
        self.rows, self.asked, self.number = list(rows), 0, 0
        model = FakeDetector(self._see, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))
        rule = build_rule({"rule": "vendor", "dwell_s": dwell_s})
        self.watch = Watch(detectors=[model], rules=[rule], carry=carry)

    def _see(self, image):
        self.asked += 1
        return self.rows

    def look(self, image: np.ndarray | None = None, *, key: str | None = None, after_s=10.0):
        """Whether the network was asked, and what the look showed."""
        before = self.asked
        image = self.ground if image is None else image
        x, y = int(self._rng.integers(20)), int(self._rng.integers(20))
        grain = self._noise[y : y + 1080, x : x + 1920]
        noisy = np.clip(image.astype(np.int16) + grain, 0, 255).astype(np.uint8)
        frame = Frame(
            source_id=self.name,
            seq=self.number,
            captured_at=START + timedelta(seconds=self.number * after_s),
            clock="file",
            image=noisy,
            origin_key=key,
        )
        self.number += 1
        seen = self.watch.examine(frame)
        return self.asked > before, seen


@pytest.fixture
def street() -> Street:
    return Street(carry=CarryConfig())


def settled(street: Street) -> None:
    for _ in range(3):
        street.look()
    assert not street.look()[0], "an unchanged scene is not carried at all"


def test_an_unchanged_scene_is_looked_at_twice_and_then_once_a_minute(street: Street):
    asked = [n for n in range(32) if street.look()[0]]
    assert asked[:2] == [0, 1]
    assert asked[2] <= 1 + 6
    assert set(np.diff(asked[2:])) == {6}


def test_cameras_that_started_together_do_not_all_need_the_network_at_one_moment():
    moments = []
    for name in ("north gate", "east gate", "market", "school", "station"):
        street = Street(carry=CarryConfig(), name=name)
        moments.append([n for n in range(20) if street.look()[0]][3])
    assert len(set(moments)) >= 3


def test_where_looks_are_rare_the_network_is_asked_once_in_five_of_them():
    assert CarryConfig().at_pace(10).for_s == 60
    assert CarryConfig(for_s=0).at_pace(60).for_s == 0
    street = Street(carry=CarryConfig().at_pace(60))
    asked = [n for n in range(32) if street.look(after_s=60)[0]]
    assert asked[:2] == [0, 1]
    assert set(np.diff(asked[2:])) == {5}


def test_off_asks_the_network_every_time():
    for carry in (None, CarryConfig(enabled=False)):
        street = Street(carry=carry)
        assert all(street.look()[0] for _ in range(5))


def test_dwell_and_finding_are_those_of_looking_every_time():
    found = []
    for carry in (None, CarryConfig()):
        street = Street(carry=carry)
        seen = [street.look()[1] for _ in range(20)]
        first = next(s for s in seen if s.findings)
        (finding,) = first.findings
        (track,) = seen[-1].look.tracks
        coverage = track.coverage
        found.append((finding.first_seen_at, finding.threshold_at, coverage, track.strong_looks))
    assert found[0] == found[1]
    assert found[0][1] - found[0][0] == timedelta(seconds=120)


def test_a_cover_that_is_gone_is_looked_at_at_once(street: Street):
    cv2.ellipse(street.ground, (1300, 620), (20, 7), 0, 0, 360, (95, 95, 95), -1)
    settled(street)
    gone = street.ground.copy()
    cv2.ellipse(gone, (1300, 620), (18, 6), 0, 0, 360, (15, 15, 15), -1)
    assert street.look(gone)[0]


def test_light_that_creeps_is_compared_with_the_examined_picture(street: Street):
    settled(street)
    asked = [
        street.look(cv2.add(street.ground, np.full_like(street.ground, n)))[0] for n in (2, 4, 6, 8)
    ]
    assert asked[0] is False
    assert any(asked[1:])


def test_an_undecided_score_is_never_carried():
    street = Street(carry=CarryConfig(), rows=[("stall", 0.45, STALL[2])])
    assert all(street.look()[0] for _ in range(6))


def test_a_class_that_is_not_followed_may_be_undecided():
    street = Street(carry=CarryConfig(), rows=[("person", 0.45, STALL[2])])
    settled(street)


def test_one_flicker_is_not_repeated(street: Street):
    street.rows = []
    settled(street)
    street.number += 6  # the bound in time: the network looks again, and sees a ghost once
    street.rows = [STALL]
    assert street.look()[0]
    street.rows = []
    asked, seen = street.look()
    assert asked
    assert not seen.look.detections.score.size


def test_a_thing_that_is_missed_is_looked_for_every_time(street: Street):
    settled(street)
    street.rows = []
    street.number += 6
    assert all(street.look()[0] for _ in range(4))


def test_after_a_blind_span_the_network_looks(street: Street):
    settled(street)
    street.watch.blind(START + timedelta(seconds=street.number * 10))
    assert street.look()[0]


def test_a_picture_that_must_be_examined_once_is_examined(street: Street):
    settled(street)
    assert street.look(key="push:1")[0]


def test_the_cameras_clock_counts_as_no_change_but_the_same_in_the_street_does():
    for top, carried in ((20, True), (480, False)):
        street = Street(carry=CarryConfig(for_s=1000), rows=[])
        asked = []
        for n in range(40):
            image = street.ground.copy()
            image[top : top + 60, 100:200] = 30
            digit, white = str(n * 7 % 10), (240, 240, 240)
            cv2.putText(image, digit, (120, top + 50), cv2.FONT_HERSHEY_SIMPLEX, 1.8, white, 5)
            asked.append(street.look(image)[0])
        assert (not any(asked[-5:])) is carried
