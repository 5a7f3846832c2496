import json
from pathlib import Path

import pytest

from training.dataset import Dataset, write_dataset
from training.retraining import retraining
from training.train import TrainConfig, config_from_file


def test_unknown_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"dataset": "d", "start": "s", "out": "o", "epoch": 3}))
    with pytest.raises(ValueError, match="unknown keys epoch"):
        config_from_file(path)


def test_known_keys_are_read(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"dataset": "d", "start": "s", "out": "o", "epochs": 3}))
    assert config_from_file(path) == TrainConfig(
        dataset=Path("d"), start=Path("s"), out=Path("o"), epochs=3
    )


def test_retraining_goes_on_from_the_running_model_in_its_own_picture_size(tmp_path: Path) -> None:
    write_dataset(_dataset("street"), tmp_path)
    running = tmp_path / "models" / "street"
    running.mkdir(parents=True)
    own = {"dataset": "D", "start": "s.pt", "out": "O", "epochs": 12, "width_px": 512, "flip": 0.1}
    (running / "train.json").write_text(json.dumps(own))
    config = retraining(tmp_path, tmp_path / "run", tmp_path / "models")
    assert (config.start, config.out) == (running, tmp_path / "run")
    assert (config.width_px, config.flip) == (512, 0.1)
    assert config.epochs < 12


def test_without_a_running_model_the_defaults_hold(tmp_path: Path) -> None:
    write_dataset(_dataset("street"), tmp_path)
    config = retraining(tmp_path, tmp_path / "run", tmp_path / "models")
    assert config == TrainConfig(dataset=tmp_path, out=tmp_path / "run")


def _dataset(model: str) -> Dataset:
    return Dataset(model=model, classes=("a",), mask_classes=((0,),), entries=(), licences={})
