"""A training that is killed goes on where its last epoch ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.dataset import BuildConfig, build_dataset
from training.picture_set import PictureSet
from training.split import SplitRule

pytest.importorskip("ultralytics")
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
EPOCHS = 3


def dataset(folder: Path) -> Path:
    chance = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (folder / "made" / kind).mkdir(parents=True)
    for number in range(4):
        coarse = chance.integers(0, 255, (8, 8, 3), np.uint8)
        image = cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "made" / "images" / f"p_{number}.png"), image)
        (folder / "made" / "labels" / f"p_{number}.txt").write_text("1 0.5 0.5 0.3 0.3\n")
    names = ("cover_ok", "cover_missing")
    made = PictureSet(name="made", folder="made", licence="none", classes=names, labelled=names)
    settings = BuildConfig(model="covers", root=folder, out=folder / "built", split=SplitRule())
    build_dataset(settings, [made])
    return folder / "built"


@pytest.mark.slow
def test_a_killed_training_goes_on(tmp_path: Path):
    out = tmp_path / "run"
    config = tmp_path / "train.json"
    settings = {"epochs": EPOCHS, "width_px": 64, "batch": 2, "freeze": 22, "workers": 0}
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "training", "train", str(config), "--no-gate"]
    # as it is typed: folders below the one that one stands in
    command += ["--dataset", dataset(tmp_path).name, "--out", out.name]
    first = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 200
    while not (out / "run" / "weights" / "last.pt").exists():
        assert time.monotonic() < deadline
        assert first.poll() is None, "the training ended before it could be killed"
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not (out / "done").exists()
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    said = [line for line in done.stdout.splitlines() if line.startswith("epoch ")]
    assert 1 <= len(said) < EPOCHS
    assert said[-1] == f"epoch {EPOCHS} of {EPOCHS}, 0 s left"
    assert json.loads((out / "progress.json").read_text())["epoch"] == EPOCHS
    assert (out / "done").exists()


def test_a_checkpoint_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from ultralytics.models.yolo.detect import DetectionTrainer

    from training.trainer import MaskedTrainer

    def cut_off(self) -> bool:
        self.last.write_bytes(b"half")
        raise OSError("no space left")

    trainer = object.__new__(MaskedTrainer)
    trainer.last = tmp_path / "last.pt"
    trainer.last.write_bytes(b"old")
    monkeypatch.setattr(DetectionTrainer, "save_model", cut_off)
    with pytest.raises(OSError, match="no space"):
        trainer.save_model()
    assert trainer.last == tmp_path / "last.pt"
    assert trainer.last.read_bytes() == b"old"
    monkeypatch.setattr(
        DetectionTrainer, "save_model", lambda self: bool(self.last.write_bytes(b"new"))
    )
    assert trainer.save_model()
    assert trainer.last.read_bytes() == b"new"
