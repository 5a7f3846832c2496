"""`xunjie run`, `cases`, `cameras` and `demo` as a user calls them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from api.cli import app
from api.demo_command import DEMO_CLIPS
from api.run_commands import seconds_of
from detector.types import Box

runner = CliRunner()


def city(folder: Path, **changes) -> Path:
    """The clip with the missing cover as a looping camera; and one that does not exist."""
    cameras = [
        {
            "id": "hole",
            "kind": "stream",
            "url": str(DEMO_CLIPS / "cover_missing.mp4"),
            "pace": "fast",
            "interval_s": 6,
            "tasks": ["cover"],
        },
        {"id": "gone", "kind": "stream", "url": "gone.mp4", "pace": "realtime"},
    ]
    path = folder / "city.yaml"
    raw = {"data_folder": "data", "http": {"port": 0}, "cameras": cameras, **changes}
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def listed_cases(config: Path) -> list[dict]:
    return json.loads(runner.invoke(app, ["cases", "-c", str(config), "--json"]).stdout)


@pytest.mark.slow
def test_a_bounded_run_reports_what_happened(tmp_path: Path):
    path, report = city(tmp_path), tmp_path / "report.json"
    result = runner.invoke(
        app, ["run", "-c", str(path), "--for", "14s", "--report", str(report), "--json-logs"]
    )
    assert result.exit_code == 0, result.output
    done = json.loads(report.read_text())
    hole, gone = done["sources"]
    assert hole["looks"] > 10
    assert gone["looks"] == 0
    assert gone["blind_looks"] > 0
    assert done["peak_memory_bytes"] > 50e6
    (incident,) = done["incidents"]
    (case,) = done["cases"]
    assert (incident["subtype"], incident["case_id"]) == ("cover_missing", case["id"])

    assert [row["id"] for row in listed_cases(path)] == [case["id"]]
    assert "cover" in runner.invoke(app, ["cases", "-c", str(path)]).stdout
    cameras = json.loads(runner.invoke(app, ["cameras", "-c", str(path), "--json"]).stdout)
    assert [row["id"] for row in cameras] == ["hole", "gone"]


def test_a_report_without_an_end_is_refused(tmp_path: Path):
    result = runner.invoke(app, ["run", "-c", str(city(tmp_path)), "--report", "x.json"])
    assert result.exit_code == 2
    assert "--for" in result.stderr


@pytest.mark.parametrize(("text", "seconds"), [("600s", 600), ("600", 600), ("1.5h", 5400)])
def test_durations(text: str, seconds: float):
    assert seconds_of(text) == seconds


@pytest.mark.slow
def test_the_service_answers_and_ends_at_a_signal_without_losing_its_last_look(tmp_path: Path):
    path = city(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "api", "run", "-c", str(path)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        url = next(
            re.search(r"pages at (\S+)", line) for line in process.stderr if "pages at" in line
        )
        assert httpx.get(f"{url[1]}health", trust_env=False).status_code == 200
        deadline = time.monotonic() + 60
        while not listed_cases(path):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(30) == 0, rest


def truth_box(name: str, track: str, at_s: float) -> Box:
    """The thing's rendered box, in fractions of the picture, at the frame after that time."""
    truth = json.loads((DEMO_CLIPS / f"{name}.truth.json").read_text())
    frame = next(f for f in truth["frames"] if f["t_s"] >= at_s)
    box = next(b for b in frame["boxes"] if b["track"] == track)
    return Box(*box["xyxy_px"]).scaled(1 / truth["width_px"], 1 / truth["height_px"])


@pytest.mark.slow
def test_the_demonstration_finds_what_is_there_and_nothing_else(tmp_path: Path):
    out = tmp_path / "demo"
    result = runner.invoke(app, ["demo", "--no-serve", "--port", "0", "--out", str(out)])
    assert result.exit_code == 0, result.output
    report = json.loads((out / "report.json").read_text())
    found = {incident["source_id"]: incident for incident in report["incidents"]}
    assert set(found) == {"corner-day", "cover-missing"}
    assert len(report["incidents"]) == 2

    cover = found["cover-missing"]
    since = datetime.fromisoformat(cover["opened_at"]) - datetime.fromisoformat(
        cover["first_seen_at"]
    )
    assert since.total_seconds() <= 10
    assert Box(*cover["box_unit"]).iou(truth_box("cover_missing", "cover-main", 63)) > 0.4
    assert [case["incident_id"] for case in report["cases"]] == [cover["id"]]

    vendor = found["corner-day"]
    dwell = datetime.fromisoformat(vendor["opened_at"]) - datetime.fromisoformat(
        vendor["first_seen_at"]
    )
    assert 300 <= dwell.total_seconds() <= 310
    assert vendor["case_id"] is None
    assert Box(*vendor["box_unit"]).iou(truth_box("corner_day", "vendor", 364)) > 0.4

    again = runner.invoke(app, ["demo", "--no-serve", "--out", str(tmp_path)])
    assert again.exit_code == 2
    assert "not from a demonstration" in again.stderr
