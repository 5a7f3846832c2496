"""Frames worth labelling: doubt, novelty, caps."""

from __future__ import annotations

import numpy as np
import pytest

from training.choose import ChoiceRule, Frame, choose, uncertainty_of
from training.predict import Predictions

CLASSES = ("stall", "cart")
LIMITS = {"stall": 0.5, "cart": 0.4}


def seen(*rows: tuple[float, int]) -> Predictions:
    return Predictions(
        xyxy=np.zeros((len(rows), 4)),
        score=np.array([score for score, _ in rows]),
        class_id=np.array([class_id for _, class_id in rows], int),
    )


def frame(number: int, doubt: float, phash: int | None = None, camera: str = "a", day: str = "1"):
    look = int(np.random.default_rng(number).integers(0, 2**63)) if phash is None else phash
    return Frame(camera=camera, day=day, name=str(number), interest=doubt, phash=look)


def names(chosen) -> list[str]:
    return [item.frame.name for item in chosen]


def test_doubt_is_greatest_at_the_threshold():
    at, below, above = (
        uncertainty_of(seen((score, 0)), CLASSES, LIMITS) for score in (0.5, 0.1, 0.95)
    )
    assert at == 1
    assert below == pytest.approx(0.2)
    assert above == pytest.approx(0.1)
    assert uncertainty_of(seen((0.95, 0), (0.4, 1)), CLASSES, LIMITS) == 1
    assert uncertainty_of(seen(), CLASSES, LIMITS) == 0


def test_the_doubtful_come_first_where_all_are_new():
    frames = [frame(n, doubt) for n, doubt in enumerate((0.1, 0.9, 0.5))]
    assert names(choose(frames, ChoiceRule(novelty_weight=0, least_novelty=0))) == ["1", "2", "0"]


def test_one_scene_is_chosen_once_and_a_known_one_never():
    scene, known = 0x0F0F0F0F0F0F0F0F, 0x3333333333333333
    frames = [frame(n, 0.9, scene ^ n) for n in range(4)]  # two bits apart at most
    frames += [frame(9, 1.0, known), frame(5, 0.2)]
    chosen = choose(frames, ChoiceRule(), known=[known])
    assert sorted(names(chosen)) == ["0", "5"]


def test_a_cameras_day_has_its_cap_and_leaves_room_for_others():
    frames = [frame(n, 0.9) for n in range(8)]
    frames += [frame(20 + n, 0.1, camera="b") for n in range(2)]
    frames += [frame(30, 0.1, day="2")]
    chosen = choose(frames, ChoiceRule(per_day=3, least_novelty=0))
    days = [(item.frame.camera, item.frame.day) for item in chosen]
    assert sorted(days) == [("a", "1")] * 3 + [("a", "2")] + [("b", "1")] * 2
    assert len(choose(frames, ChoiceRule(per_day=3, total=2, least_novelty=0))) == 2
    assert choose([], ChoiceRule()) == []
