"""The training commands in the product's command line, with and without the `train` extra."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from api.cli import app
from training import libraries
from training.progress import FILE, Progress, minutes

RUNNER = CliRunner()


def test_every_training_command_is_offered():
    done = RUNNER.invoke(app, ["--help"])
    for name in ("train", "evaluate", "export", "promote", "rollback", "dataset", "models"):
        assert f" {name} " in done.output
    done = RUNNER.invoke(app, ["dataset", "--help"])
    for name in ("build", "check", "reviewed", "import", "export", "choose", "empty"):
        assert f" {name} " in done.output


def test_the_command_line_does_not_load_torch():
    code = (
        "import sys, api.cli; "
        "print([n for n in ('torch', 'ultralytics', 'onnx', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--dataset", "d", "--out", "o"],
        ["export", "m"],
        ["release", "covers", "--run", "r", "--dataset", "d", "--out", "o", "--version", "1"],
    ],
)
def test_without_the_extra_a_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        libraries, "find_spec", lambda name: None if name == "torch" else real(name)
    )
    done = RUNNER.invoke(app, command)
    assert done.exit_code == 2
    assert done.output.startswith("torch not installed: install xunjie[train]")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["evaluate", "nowhere", "--dataset", "d"], "no manifest.json"),
        (["rollback", "covers", "--models", "nowhere"], "nothing was promoted"),
        (["dataset", "build", "covers", "out", "--root", "nowhere"], "no folder"),
        (["dataset", "reviewed", "out", "-c", "nowhere.yaml"], "nowhere.yaml"),
        (["dataset", "export", "nowhere", "out"], "nowhere"),
    ],
)
def test_a_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], says: str
):
    monkeypatch.chdir(tmp_path)
    done = RUNNER.invoke(app, command)
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output


def test_progress_tells_the_time_left_of_this_run_alone(tmp_path: Path):
    now, said = [100.0], []
    progress = Progress(tmp_path, said.append, lambda: now[0])
    trainer = SimpleNamespace(epoch=4, epochs=10, start_epoch=4)  # continued after four epochs
    progress.begin(trainer)
    now[0] += 60
    progress.epoch_ended(trainer)
    assert said == ["epoch 5 of 10, 5 min left"]
    record = json.loads((tmp_path / FILE).read_text())
    assert record == {"epoch": 5, "epochs": 10, "spent_s": 60.0, "left_s": 300.0}
    assert [minutes(seconds) for seconds in (40, 600, 7500)] == ["40 s", "10 min", "2 h 5 min"]


def test_more_of_the_running_model_can_be_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from training import train

    taken = []
    monkeypatch.setattr(train, "train", lambda settings: taken.append(settings) or tmp_path)
    config = tmp_path / "train.json"
    config.write_text(json.dumps({"keep": 0.5, "dataset": "d", "out": "o"}))
    command = ["train", str(config), "--no-gate"]
    for more in ([], ["--keep", "0.75"]):
        assert RUNNER.invoke(app, command + more).exit_code == 0
    assert [settings.keep for settings in taken] == [0.5, 0.75]


def test_a_refused_candidate_says_how_to_keep_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from training import candidate, gate_report, train

    refused = SimpleNamespace(folder=tmp_path, verdict=SimpleNamespace(passed=False))
    entries = [SimpleNamespace(split="val")]
    monkeypatch.setattr(train, "train", lambda settings: tmp_path)
    monkeypatch.setattr(candidate, "make_candidate", lambda *_: refused)
    monkeypatch.setattr(gate_report, "gate_lines", lambda _: ["refused: something"])
    monkeypatch.setattr(
        "training.dataset.read_dataset", lambda _: SimpleNamespace(model="m", entries=entries)
    )
    config = tmp_path / "train.json"
    for keep, hint in ((0.5, True), (0.0, False)):
        config.write_text(json.dumps({"keep": keep, "dataset": "d", "out": "o"}))
        done = RUNNER.invoke(app, ["train", str(config)])
        assert done.exit_code == 2, done.output
        assert ("--keep 0.75" in done.output) == hint
