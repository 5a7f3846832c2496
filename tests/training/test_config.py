import json
from pathlib import Path

import pytest

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
