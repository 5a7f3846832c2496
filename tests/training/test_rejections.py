"""Rejected places that a candidate could or could not tell from labels, on pictures made here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from api.ui.gate_reason import told_reason
from api.ui.gate_report import GateReport
from detector.types import Box as Corners
from detector.types.taxonomy import classes_of
from tests.training.made_entry import entry
from training import gate
from training.comparison import LEARNED, RECALL, GateRule, Side, compare_recall
from training.dataset import BuildConfig, Dataset, build_dataset
from training.evaluate import Seen
from training.gate import Verdict
from training.gate_report import gate_lines, gate_record
from training.judged import Judged
from training.label import Box
from training.learned import LABELS, learned_entries
from training.own_set import Incoming, picture_set, write_own_set
from training.predict import Predictions
from training.rejections import Rejections, rejections
from training.split import SplitRule

CLASSES = classes_of("covers")
OK, DAMAGED, MISSING = range(3)
STATES = CLASSES[:3]
RULE = GateRule(rounds=200)
PLACE = Corners(0.2, 0.2, 0.4, 0.4)
SURE = [0.6, 0.65, 0.7, 0.75, 0.8]  # scores of the running model, in turn


def verdict(number: int, by: str = "li", label: str | None = None, reason: str = "no") -> Judged:
    classes = STATES if label else ("cover_damaged", "cover_missing")
    return Judged(
        box=PLACE, classes=classes, label=label, reason=reason, incident=f"i{number}", by=by
    )


def seen(number: int, score: float, judged: Judged | None = None, at: float = 20) -> Seen:
    """One place in a picture of 100 by 100, a missing cover for the model with that score."""
    label = "cover_missing" if judged is None else judged.label
    boxes = (Box(class_id=CLASSES.index(label), cx=0.3, cy=0.3, w=0.2, h=0.2),) if label else ()
    return Seen(
        entry=replace(entry(f"{number}.jpg", STATES), judged=(judged,) if judged else ()),
        boxes=boxes,
        predictions=Predictions(
            xyxy=np.array([[at, 20, at + 20, 40]]),
            score=np.array([score]),
            class_id=np.array([MISSING]),
        ),
        width=100,
        height=100,
    )


def dataset() -> Dataset:
    return Dataset(model="covers", classes=CLASSES, mask_classes=(), entries=(), licences={})


def learned(rows: Sequence[tuple[float, float, Judged | None]]) -> Side:
    """Score before and after, of labels and of judged places."""
    limits = dict.fromkeys(CLASSES, 0.5)
    return Side(
        name=LEARNED,
        running=tuple(seen(n, old, judged) for n, (old, _, judged) in enumerate(rows)),
        candidate=tuple(seen(n, new, judged) for n, (_, new, judged) in enumerate(rows)),
        running_thresholds=limits,
        candidate_thresholds=limits,
    )


def moved(count: int, far: float, **judged: object) -> list[tuple[float, float, Judged | None]]:
    """Places whose scores moved by that much, a little more or less."""
    chance = np.random.default_rng(count)
    return [
        (
            SURE[n % 5],
            SURE[n % 5] + far + chance.normal(0, 0.03),
            verdict(n, **judged) if judged else None,  # type: ignore[arg-type]
        )
        for n in range(count)
    ]


def told(
    *rows: tuple[float, float, Judged | None], rule: GateRule = RULE
) -> tuple[Rejections, ...]:
    return rejections(dataset(), learned(rows), rule)


def test_hard_negatives_that_were_learned_do_not_refuse():
    (found,) = told(*moved(40, 0.0), *moved(12, -0.2, by="li"))
    assert (found.by, found.name, found.places, found.labels) == ("li", "cover_missing", 12, 40)
    assert found.decides
    assert found.low > 0.9
    assert not found.contradicts


def test_what_is_learned_a_little_is_enough_even_where_all_is_still_found():
    """A mixed candidate moves half the way."""
    (found,) = told(*moved(60, 0.0), *moved(12, -0.07, by="li"))
    assert found.still_found >= 10
    assert not found.contradicts


@pytest.mark.parametrize("far", [0.0, -0.1])
def test_rejected_places_that_move_as_labels_do_contradict_them(far: float):
    (found,) = told(*moved(60, far), *moved(12, far, by="li"))
    assert found.contradicts
    assert abs(found.apart - 0.5) < 0.2
    code = told_reason(found.reason)
    assert code.code == "gate_rejections"
    assert (code.values["by"], code.values["count"], code.values["labels"]) == ("li", "12", "60")
    assert found.doubtful[0] in code.values["places"]


def test_the_report_tells_who_rejected_what():
    (found,) = told(*moved(60, 0.0), *moved(12, 0.0, by="li"))
    recalls = compare_recall(dataset(), learned(moved(60, -0.2)), RULE)
    verdict = Verdict(
        dataset_sha256="d",
        comparisons=recalls,
        incidents=(),
        reasons=(found.reason,),
        rejections=(found,),
    )
    running = candidate = SimpleNamespace(
        name="covers", version="1", weights=SimpleNamespace(sha256="0" * 64)
    )
    record = json.loads(json.dumps(gate_record(verdict, running, candidate)))  # type: ignore[arg-type]
    (row,) = record["rejections"]
    assert (row["by"], row["contradicts"], row["doubtful"]) == ("li", True, list(found.doubtful))
    assert [row["worse"] for row in record["recalls"]] == [True]
    assert (record["comparisons"], record["false_alarms"]) == ([], [])
    lines = gate_lines(verdict)
    assert any("rejected by li" in line and "CONTRADICT" in line for line in lines)
    record |= {"made_at": "2026-05-04T02:00:00+00:00"}
    (shown,) = GateReport.model_validate(record).recalls
    assert (shown.side, shown.figure, shown.worse) == (LEARNED, RECALL, True)


def test_one_reviewer_is_told_from_the_others():
    honest = [*moved(10, -0.2, by="li"), *moved(3, -0.2, by="wu"), *moved(4, -0.2, by="zhou")]
    wrong = moved(10, 0.0, by="qian")
    found = {one.by: one for one in told(*moved(60, 0.0), *honest, *wrong)}
    assert {name: one.contradicts for name, one in found.items()} == {
        "li": False,
        "qian": True,
        "wu, zhou": False,
    }
    assert found["wu, zhou"].places == 7
    assert not found["wu, zhou"].decides


def test_few_places_or_few_labels_decide_nothing():
    for rows in (
        [*moved(60, 0.0), *moved(7, 0.0, by="li")],
        [*moved(7, 0.0), *moved(12, 0.0, by="li")],
        moved(12, 0.0, by="li"),
    ):
        (found,) = told(*rows)
        assert not found.decides
        assert not found.contradicts


def test_only_what_the_running_model_found_counts():
    unseen = [(0.3, 0.3, verdict(n)) for n in range(12)]
    assert told(*moved(60, 0.0), *unseen) == ()
    side = learned([*moved(60, 0.0), *moved(12, 0.0, by="li")])
    elsewhere = tuple(
        seen(n, 0.7, one.entry.judged[0] if one.entry.judged else None, at=70)
        for n, one in enumerate(side.running)
    )
    assert rejections(dataset(), replace(side, running=elsewhere), RULE) == ()


def test_a_cover_that_somebody_calls_sound_is_rejected_too():
    (found,) = told(*moved(60, 0.0), *moved(12, 0.0, label="cover_ok", reason="cover is sound"))
    assert found.contradicts
    assert told(*moved(60, 0.0), *moved(12, 0.0, label="cover_missing", reason="")) == ()


def test_labels_of_other_people_speak_against_a_reviewer_and_own_ones_do_not():
    wrong = moved(12, 0.0, by="qian")
    others = moved(20, 0.0, label="cover_missing", reason="", by="li")
    own = moved(20, 0.0, label="cover_missing", reason="", by="qian")
    (found,) = told(*others, *wrong)
    assert (found.labels, found.contradicts) == (20, True)
    (found,) = told(*own, *wrong)
    assert (found.labels, found.decides) == (0, False)


def test_labels_that_a_batch_pulled_down_refuse():
    """What was learned by heart comes apart; then the labels beside it are lost."""
    kept = compare_recall(dataset(), learned(moved(60, -0.02)), RULE)
    lost = compare_recall(dataset(), learned(moved(60, -0.2)), RULE)
    (before,), (after,) = kept, lost
    assert (before.figure, before.side, before.better) == (RECALL, LEARNED, "higher")
    assert not before.worse
    assert after.worse
    assert (after.running, after.candidate < 0.7) == (1.0, True)


# From verdicts to the gate: pictures, set, dataset, both models.

RIM, HOLE = (200, 60, 40), (10, 10, 10)


def street(number: int, rim: bool) -> bytes:
    """A hole in a road, or a tub: the same with a blue rim."""
    chance = np.random.default_rng(number)
    coarse = chance.integers(90, 200, (8, 8, 3), np.uint8)
    image = cv2.resize(coarse, (160, 160), interpolation=cv2.INTER_CUBIC)
    cv2.circle(image, (48, 48), 16, RIM if rim else HOLE, -1)
    cv2.circle(image, (48, 48), 10, HOLE, -1)
    return cv2.imencode(".png", image)[1].tobytes()


class Sees:
    """A missing cover in the one place; its score depends on the rim, and a little on the road."""

    def __init__(self, hole: float, tub: float) -> None:
        self.hole, self.tub = hole, tub

    def predict(self, image: np.ndarray) -> Predictions:
        rim = int(image[48, 35, 0]) > 120
        jitter = np.random.default_rng(int(image.sum())).normal(0, 0.02)
        return Predictions(
            xyxy=np.array([[32.0, 32, 64, 64]]),
            score=np.array([(self.tub if rim else self.hole) + jitter]),
            class_id=np.array([MISSING]),
        )


def built(folder: Path, rejected_rims: bool) -> Path:
    """Holes that somebody labelled, and places that the desk rejected: tubs, or holes as well."""
    place = Corners(0.2, 0.2, 0.4, 0.4)
    pictures = []
    for number in range(40):
        confirmed = number < 24
        judged = Judged(
            box=place,
            classes=STATES,
            label="cover_missing" if confirmed else None,
            reason="" if confirmed else "Not such a thing",
            incident=f"i{number}",
            by="li" if confirmed else "qian",
        )
        pictures.append(
            Incoming(
                stem=f"p{number}",
                suffix=".png",
                data=street(number, rim=rejected_rims and not confirmed),
                camera=f"c{number}",
                day="2026-05-04",
                side="val" if number < 8 else "train",
                judged=(judged,),
            )
        )
    write_own_set(folder / "set", "reviewed", "own", CLASSES, (), pictures)
    config = BuildConfig(model="covers", root=folder, out=folder / "built", split=SplitRule())
    build_dataset(config, [picture_set(folder / "set", repeat=3)])
    return folder / "built"


@pytest.mark.parametrize(
    ("rims", "tub", "refused"),
    [(True, 0.55, False), (True, 0.3, False), (False, 0.3, True)],
)
def test_from_verdicts_to_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rims: bool, tub: float, refused: bool
):
    networks = {"running": Sees(0.7, 0.7), "candidate": Sees(0.68, tub)}
    manifest = SimpleNamespace(
        name="covers", classes=CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5)
    )
    monkeypatch.setattr(gate, "network_of", lambda folder: networks[folder.name])
    monkeypatch.setattr(gate, "released_manifest", lambda folder: manifest)
    dataset = built(tmp_path, rims)
    verdict = gate.judge(Path("running"), Path("candidate"), dataset, RULE)
    (one,) = verdict.rejections
    assert (one.by, one.places, one.labels) == ("qian", 16, 16)
    assert verdict.passed is not refused
    if refused:
        (reason,) = verdict.reasons
        assert "that qian rejected" in reason
        assert "i2" in reason or "i3" in reason


def test_pictures_are_drawn_once_and_by_class(tmp_path: Path):
    made = Dataset(
        model="covers",
        classes=CLASSES,
        mask_classes=(),
        entries=tuple(
            replace(entry(name, STATES), split=side, made=composed, judged=judged)
            for name, side, composed, judged in [
                *((f"a{n}.jpg", "train", False, ()) for n in range(LABELS + 20)),
                *((f"b{n}.jpg", "train", False, ()) for n in range(3)),
                ("a0__r1.jpg", "train", False, ()),
                ("v.jpg", "val", False, ()),
                ("composed.jpg", "train", True, ()),
                ("rejected.jpg", "train", False, (verdict(1),)),
                ("rejected__r1.jpg", "train", False, (verdict(1),)),
            ]
        ),
        licences={},
    )
    for one in made.entries:
        labels = tmp_path / "labels" / one.split / f"{Path(one.name).stem}.txt"
        labels.parent.mkdir(parents=True, exist_ok=True)
        kind = {"a": MISSING, "b": DAMAGED}.get(one.name[0], len(CLASSES))
        labels.write_text(f"{kind} 0.3 0.3 0.2 0.2\n")
    drawn = [one.name for one in learned_entries(tmp_path, made)]
    assert drawn[0] == "rejected.jpg"
    assert len(drawn) == len(set(drawn)) == 1 + LABELS + 3
    assert {name[0] for name in drawn[1:]} == {"a", "b"}
    assert "a0__r1.jpg" not in drawn
