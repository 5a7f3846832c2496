"""Thresholds of a first release, and of a candidate for a running model's place."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.made_entry import entry
from training.dataset import Dataset
from training.evaluate import Seen
from training.label import Box
from training.predict import Predictions
from training.release import ReleaseConfig, thresholds_of
from training.thresholds import ThresholdRule, choose_thresholds

SIDE = 100
HERE = np.array([10.0, 10.0, 50.0, 50.0])  # where the labelled thing is
ELSEWHERE = HERE + 40


def picture(number: int, right: float | None, wrong: float | None) -> Seen:
    """One missing cover, found with the score `right`, and a false alarm of the score `wrong`."""
    said = [(box, score) for box, score in ((HERE, right), (ELSEWHERE, wrong)) if score]
    return Seen(
        entry=entry(f"{number}.jpg", ("cover_missing",)),
        boxes=(Box(class_id=0, cx=0.3, cy=0.3, w=0.4, h=0.4),),
        predictions=Predictions(
            xyxy=np.array([box for box, _ in said]).reshape(-1, 4),
            score=np.array([score for _, score in said]),
            class_id=np.zeros(len(said), int),
        ),
        width=SIDE,
        height=SIDE,
    )


def chosen(seen: list[Seen], running: float | None) -> float:
    dataset = Dataset(
        model="covers",
        classes=("cover_missing",),
        mask_classes=(),
        entries=tuple(item.entry for item in seen),
        licences={},
    )
    config = ReleaseConfig(
        name="covers",
        version="1",
        run=Path("run"),
        dataset=Path("dataset"),
        out=Path("out"),
        width_px=SIDE,
        height_px=SIDE,
        least_thresholds=None if running is None else {"cover_missing": running},
    )
    return thresholds_of(config, dataset, seen)["cover_missing"]


def pictures(found: int, alarms: dict[int, float]) -> list[Seen]:
    """Ten, of whose covers `found` are found at 0.5; `alarms` gives scores by picture."""
    return [picture(n, 0.5 if n < found else None, alarms.get(n)) for n in range(10)]


def test_a_first_release_goes_as_low_as_precision_and_false_alarms_allow() -> None:
    assert chosen(pictures(6, {9: 0.3, 8: 0.4}), None) == pytest.approx(0.4)


def test_a_candidate_does_not_stand_below_the_running_model() -> None:
    seen = pictures(6, {9: 0.3, 8: 0.4})  # a second false alarm in ten is too many
    assert chosen(seen, 0.35) == pytest.approx(0.4)
    assert chosen(seen, 0.7) == pytest.approx(0.7)


def test_a_candidate_is_not_held_to_the_precision_that_was_given_up_for_an_urgent_class() -> None:
    seen = pictures(2, {9: 0.45})  # two of three are right from 0.45 on, one false alarm in ten
    assert chosen(seen, None) == pytest.approx(0.5)
    assert chosen(seen, 0.4) == pytest.approx(0.45)


def test_a_cart_seen_where_a_stall_is_labelled_is_no_false_alarm() -> None:
    """Ten carts are labelled and found at 0.8; two stalls are seen as carts, at 0.4 and 0.5."""
    classes = ("stall", "cart", "ground_goods")

    def street(number: int, label: int, said: int, score: float) -> Seen:
        return Seen(
            entry=entry(f"{number}.jpg", classes),
            boxes=(Box(class_id=label, cx=0.3, cy=0.3, w=0.4, h=0.4),),
            predictions=Predictions(
                xyxy=HERE[None], score=np.array([score]), class_id=np.array([said])
            ),
            width=SIDE,
            height=SIDE,
        )

    seen = [street(n, 1, 1, 0.8) for n in range(10)]
    seen += [street(10 + n, 0, 1, 0.4 + 0.1 * n) for n in range(2)]
    dataset = Dataset(
        model="street",
        classes=classes,
        mask_classes=(),
        entries=tuple(item.entry for item in seen),
        licences={},
    )
    found = choose_thresholds(dataset, seen, ThresholdRule(precision=0.9))
    assert found == {"cart": pytest.approx(0.4), "stall": 0.5, "ground_goods": 0.5}
