"""`xunjie replay` and the demonstration on footage of our own."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.replay_job import RULES
from detector.inference.fake import FakeDetector
from detector.pipeline.model_set import asked
from detector.pipeline.replay import replay
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.recording import Recording
from detector.types import SourceError

runner = CliRunner()
RED = (30, 30, 220)


def video(path: Path, seconds: int, red_from: int, red_to: int) -> Path:
    """One frame a second of a noisy street; a red stall stands there for a while."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        rng = np.random.default_rng(5)
        ground = cv2.resize(rng.integers(90, 160, (9, 16, 3), np.uint8), (320, 180))
        for second in range(seconds):
            image = ground.copy()
            if red_from <= second < red_to:
                image[60:120, 100:180] = RED
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def sees_red(image: np.ndarray):
    if image[90, 140, 2] > 150 and image[90, 140, 1] < 100:
        return [("stall", 0.8, (100.0, 60.0, 180.0, 120.0))]
    return []


def watch(**vendor):
    fake = FakeDetector(sees_red, ("stall",), thresholds={"stall": 0.5})
    return Watch(detectors=[fake], rules=[build_rule({"rule": "vendor", **vendor})])


def recording(path: Path, **changes) -> Recording:
    return Recording(path=path, source_id="c", interval_s=2, **changes)


def test_a_vendor_who_stays_is_found_once(tmp_path: Path):
    clip = video(tmp_path / "a.mp4", 120, 20, 100)
    result = replay(recording(clip).frames(), watch(dwell_s=60))
    (opened,) = result.opened
    assert opened.finding.threshold_at - opened.finding.first_seen_at == timedelta(seconds=60)
    assert result.looks == 60
    assert result.detections == {"stall": 40}


def test_a_vendor_who_leaves_in_time_is_not(tmp_path: Path):
    clip = video(tmp_path / "a.mp4", 120, 20, 70)
    assert replay(recording(clip).frames(), watch(dwell_s=60)).opened == ()


def test_a_repeated_file_keeps_one_clock(tmp_path: Path):
    clip = video(tmp_path / "a.mp4", 20, 0, 0)
    times = [f.captured_at for f in recording(clip, for_s=100).frames()]
    steps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert (times[-1] - times[0]).total_seconds() >= 90
    assert all(2 <= step < 3.1 for step in steps)


def test_a_restart_keeps_the_dwell(tmp_path: Path):
    clip = video(tmp_path / "a.mp4", 120, 20, 100)
    frames = list(recording(clip).frames())
    first, second = watch(dwell_s=60), watch(dwell_s=60)
    replay(frames[:25], first)
    second.restore(json.loads(json.dumps(first.state())))
    (opened,) = replay(frames[25:], second).opened
    assert opened.finding.coverage.span_s == 60


def test_unreadable_files_are_named_and_stop_nothing(tmp_path: Path):
    good = video(tmp_path / "good.mp4", 6, 0, 0)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(good.read_bytes()[:600])
    with pytest.raises(SourceError, match=r"bad\.mp4"):
        list(recording(bad).frames())
    result = runner.invoke(app, ["replay", str(bad), str(good)])
    assert result.exit_code == 1
    assert "bad.mp4" in result.stderr
    assert [row["source"] for row in json.loads(result.stdout)] == ["good"]


def test_only_models_that_the_rules_need_are_asked():
    """The one for pictures from above sees none of their classes, and nobody to be hidden."""
    classes = (("rooftop_shed", "building"), ("cover_missing",), ("stall", "person"), ("person",))
    models = [FakeDetector(lambda image: [], own) for own in classes]
    rules = [build_rule(dict(settings)) for settings in RULES]
    assert asked(models, rules) == models[1:]
