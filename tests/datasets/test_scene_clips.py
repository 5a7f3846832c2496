"""The rendered clips and their ground truth agree with each other."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import av
import pytest

SCENES = Path(__file__).resolve().parents[2] / "datasets" / "scenes"
CLIPS = SCENES / "clips"
NAMES = ("corner_day", "corner_dusk", "cover_missing")
CLASSES = {
    "stall", "cart", "ground_goods", "parasol", "person", "bicycle", "motorcycle", "car", "bus",
    "truck", "cover_ok", "cover_damaged", "cover_missing", "storm_grate", "pothole",
}  # fmt: skip


def truth_of(name: str) -> dict[str, Any]:
    return json.loads((CLIPS / f"{name}.truth.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_clip_decodes_to_the_frames_of_the_truth(name: str) -> None:
    truth = truth_of(name)
    with av.open(str(CLIPS / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (truth["width_px"], truth["height_px"])
        frames = list(container.decode(stream))
    assert [f.time for f in frames] == pytest.approx([f["t_s"] for f in truth["frames"]], abs=0.01)
    assert all(f.key_frame for f in frames)


@pytest.mark.parametrize("name", NAMES)
def test_boxes_lie_in_the_picture_and_use_known_classes(name: str) -> None:
    truth = truth_of(name)
    for frame in truth["frames"]:
        for box in frame["boxes"]:
            x0, y0, x1, y1 = box["xyxy_px"]
            assert 0 <= x0 < x1 <= truth["width_px"]
            assert 0 <= y0 < y1 <= truth["height_px"]
            assert box["class"] in CLASSES
            assert box["track"]


@pytest.mark.parametrize("name", NAMES)
def test_events_lie_within_the_clip_and_name_a_seen_track(name: str) -> None:
    truth = truth_of(name)
    seen = {box["track"] for frame in truth["frames"] for box in frame["boxes"]}
    for event in truth["events"]:
        assert 0 <= event["from_s"] < event["to_s"] <= truth["duration_s"] + truth["interval_s"]
        assert event["track"] in seen


def test_cover_is_missing_exactly_during_its_event() -> None:
    truth = truth_of("cover_missing")
    (event,) = truth["events"]
    for frame in truth["frames"]:
        inside = event["from_s"] <= frame["t_s"] < event["to_s"]
        states = {b["class"] for b in frame["boxes"] if b["track"] == event["track"]}
        assert states <= ({"cover_missing"} if inside else {"cover_ok"})


def test_nothing_to_report_at_dusk() -> None:
    truth = truth_of("corner_dusk")
    assert truth["events"] == []
    found = {b["class"] for frame in truth["frames"] for b in frame["boxes"]}
    assert not found & {
        "stall", "cart", "ground_goods", "parasol", "cover_missing", "cover_damaged", "pothole"
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_zones_and_calibration_lie_in_the_picture(name: str) -> None:
    truth = truth_of(name)
    assert len(truth["calibration"]) >= 4
    points = [p for zone in truth["zones_px"].values() for p in zone]
    points += truth["shop_front_line_px"] + [c["px"] for c in truth["calibration"]]
    for u, v in points:
        assert 0 <= u <= truth["width_px"]
        assert 0 <= v <= truth["height_px"]


def test_manifest_covers_every_file() -> None:
    manifest = json.loads((CLIPS / "manifest.json").read_text())
    files = {f.name for f in CLIPS.iterdir()} - {"manifest.json"}
    assert set(manifest) == files
    for name, entry in manifest.items():
        data = (CLIPS / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert len(data) == entry["bytes"]
    assert sum(entry["bytes"] for entry in manifest.values()) < 8_000_000
