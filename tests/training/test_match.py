import numpy as np
import pytest

from training.match import average_precision, match_picture, recall_at_false_alarms

BOX = np.array([[10.0, 10.0, 50.0, 50.0]])
NONE = np.zeros((0, 4))


def test_an_exact_prediction_is_perfect() -> None:
    match = match_picture(BOX, np.array([0.9]), BOX, NONE)
    assert average_precision([match]) == pytest.approx((1.0, 1.0), abs=0.01)


def test_a_second_prediction_of_the_same_thing_is_false() -> None:
    match = match_picture(np.repeat(BOX, 2, 0), np.array([0.9, 0.8]), BOX, NONE)
    assert match.hit[:, 0].tolist() == [True, False]


def test_a_false_prediction_above_the_true_one_halves_precision() -> None:
    boxes = np.concatenate([BOX + 200, BOX])
    match = match_picture(boxes, np.array([0.9, 0.8]), BOX, NONE)
    assert average_precision([match])[0] == pytest.approx(0.5, abs=0.01)
    assert recall_at_false_alarms([match], 0.1) == 0.0


def test_predictions_in_ignore_regions_do_not_count() -> None:
    match = match_picture(BOX, np.array([0.9]), NONE, np.array([[0.0, 0.0, 60.0, 60.0]]))
    assert len(match.score) == 0
