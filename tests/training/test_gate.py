"""Incident figures of the gate: clips through the real rules, and what refuses a candidate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.inference.fake import FakeDetector
from detector.inference.manifest import Manifest
from training.comparison import AP50, FALSE_ALARMS, Comparison, GateRule
from training.gate import Verdict, reasons_of
from training.gate_clip import Remembered, Replayed, clips_of, replayed, rules_for
from training.gate_report import gate_lines, gate_record
from training.incident_figures import FALSE, FOUND, TIME, incident_figures, poisson_interval

CLASSES = ("cover_ok", "cover_damaged", "cover_missing")
HOLE = (200, 120, 240, 150)
SPOT = (40, 120, 80, 150)


def sees(where):
    """A hole where one of these places is blue."""

    def look(image: np.ndarray):
        return [
            ("cover_missing", 0.8, tuple(map(float, box)))
            for box in where
            if image[(box[1] + box[3]) // 2, (box[0] + box[2]) // 2, 0] > 150
        ]

    return FakeDetector(look, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s at 5 pictures a second: from the fifth second on a hole, and a spot that is none."""
    folder = tmp_path_factory.mktemp("clips")
    video = cv2.VideoWriter(
        str(folder / "made.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (320, 180)
    )
    chance = np.random.default_rng(0)
    for number in range(100):
        image = chance.integers(90, 110, (180, 320, 3), np.uint8)
        for x1, y1, x2, y2 in (HOLE, SPOT) if number >= 25 else ():
            image[y1:y2, x1:x2] = (230, 40, 40)
        video.write(image)
    video.release()
    truth = {
        "width_px": 320,
        "height_px": 180,
        "interval_s": 1,
        "zones_px": {"road": [[0, 0], [320, 0], [320, 180], [0, 180]]},
        "events": [{"kind": "cover_missing", "track": "hole", "from_s": 5, "to_s": 20}],
        "frames": [{"t_s": 6, "boxes": [{"track": "hole", "xyxy_px": HOLE}]}],
    }
    (folder / "made.truth.json").write_text(json.dumps(truth))
    return folder


def through(clips: Path, *where) -> Replayed:
    (clip,) = clips_of([clips])
    return replayed(clip, [sees(where)], rules_for(CLASSES))


def test_found_incidents_are_timed_and_others_are_false(clips: Path):
    both = through(clips, HOLE, SPOT)
    assert both.false_by_violation == {"cover": 1}
    assert both.found_after_s["cover hole"] == pytest.approx(1, abs=1.1)
    assert both.seconds == pytest.approx(19, abs=1)
    none = through(clips)
    assert none.found_after_s == {"cover hole": None}
    assert none.false_by_violation == {"cover": 0}


def test_a_clip_without_truth_holds_no_violation(clips: Path, tmp_path: Path):
    (tmp_path / "plain.avi").write_bytes((clips / "made.avi").read_bytes())
    (clip,) = clips_of([tmp_path], interval_s=1)
    assert replayed(clip, [sees((HOLE,))], rules_for(CLASSES)).false_by_violation == {"cover": 1}


def test_a_remembered_model_looks_once_and_says_the_same():
    looks = []
    model = sees((HOLE,))
    counted = replace(model, see=lambda image: looks.append(1) or model.see(image))
    kept = Remembered(counted)
    image = np.full((180, 320, 3), 200, np.uint8)
    first, again = (kept.detect([image], floor=0.1)[0] for _ in range(2))
    assert len(looks) == 1
    assert len(first) == 1
    assert (first.xyxy_px == again.xyxy_px).all()
    assert len(kept.detect([image], floor=0.9)[0]) == 0


def replay(false: int = 0, *times: float | None, hours: float = 1.0) -> list[Replayed]:
    found = {f"cover {n}": after for n, after in enumerate(times)}
    return [
        Replayed(
            clip="c",
            seconds=3600 * hours,
            false_by_violation={"cover": false},
            found_after_s=found,
        )
    ]


def worse(old: list[Replayed], new: list[Replayed]) -> set[str]:
    return {item.figure for item in incident_figures(old, new) if item.worse}


def test_counts_have_their_exact_interval():
    assert poisson_interval(0) == pytest.approx((0, 3.689), abs=1e-3)
    assert poisson_interval(10) == pytest.approx((4.795, 18.390), abs=1e-3)


def test_more_false_incidents_than_chance_allows_are_worse():
    assert worse(replay(0), replay(3)) == set()
    assert worse(replay(0), replay(4)) == {FALSE}
    assert worse(replay(10), replay(18)) == set()
    assert worse(replay(10), replay(0)) == set()
    (figure,) = incident_figures(replay(2, hours=0.5), replay(1, hours=0.5))
    assert (figure.running, figure.candidate) == (4.0, 2.0)


def test_lost_and_late_incidents_are_worse():
    old = replay(0, 10.0, 12.0, 11.0)
    assert worse(old, replay(0, 10.0, 12.0, 11.0)) == set()
    assert worse(old, replay(0, None, None, None)) == {FOUND}
    assert worse(old, replay(0, 30.0, 33.0, 31.0)) == {TIME}
    assert worse(replay(0, None, None, None), replay(0, 5.0, 5.0, 5.0)) == set()


def comparison(figure: str, low: float, high: float, decides: bool = True) -> Comparison:
    return Comparison(
        side="newest",
        name="cover_missing",
        figure=figure,
        pictures=9,
        labels=9,
        running=0.5,
        running_low=0.4,
        running_high=0.6,
        candidate=0.5,
        candidate_low=0.4,
        candidate_high=0.6,
        low=low,
        high=high,
        decides=decides,
    )


def test_more_false_alarms_and_lost_incidents_refuse():
    good = comparison(AP50, -0.1, 0.1)
    assert reasons_of([good], GateRule()) == ()
    (alarms,) = reasons_of([good, comparison(FALSE_ALARMS, 0.01, 0.2)], GateRule())
    assert "false alarms a picture" in alarms
    assert "newest" in alarms
    assert reasons_of([good, comparison(FALSE_ALARMS, -0.2, -0.01)], GateRule()) == ()
    assert reasons_of([good, comparison(AP50, -0.3, -0.1, decides=False)], GateRule()) == ()
    lost = incident_figures(replay(0, 1.0), replay(0, None))
    (reason,) = reasons_of([good], GateRule(), lost)
    assert "share of incidents found" in reason


def test_the_report_states_what_decided():
    def manifest(version: str) -> Manifest:
        return Manifest.model_validate(
            {
                "format": 1,
                "name": "covers",
                "version": version,
                "classes": ["cover_missing"],
                "input": {"width_px": 64, "height_px": 64},
                "thresholds": {"cover_missing": 0.5},
                "weights": {"file": "w", "sha256": version * 64},
            }
        )

    rows = (comparison(AP50, -0.3, -0.1), comparison(FALSE_ALARMS, -0.2, 0.1))
    incidents = incident_figures(replay(0, 3.0), replay(5, 3.0))
    reasons = reasons_of(rows, GateRule(), incidents)
    verdict = Verdict(dataset_sha256="d", comparisons=rows, incidents=incidents, reasons=reasons)
    record = json.loads(json.dumps(gate_record(verdict, manifest("1"), manifest("2"))))
    assert record["passed"] is False
    assert len(record["reasons"]) == 2
    assert record["running"]["sha256"] == "1" * 64
    assert record["candidate"]["version"] == "2"
    (ap,) = record["comparisons"]
    assert (ap["name"], ap["origin"], ap["worse"], ap["low"]) == (
        "cover_missing",
        "newest",
        True,
        -0.3,
    )
    (alarms,) = record["false_alarms"]
    assert (alarms["better"], alarms["worse"]) == ("lower", False)
    false = next(item for item in record["incidents"] if item["figure"] == FALSE)
    assert (false["running"], false["candidate"], false["worse"]) == (0.0, 5.0, True)
    lines = gate_lines(verdict)
    assert "WORSE" in lines[0]
    assert lines[-1].startswith("refused")
