"""A retrained network is brought back part of the way to its start."""

import json
from pathlib import Path

import pytest

from training.blend import blend, last_epoch, mean, result_of
from training.checkpoint import load_checkpoint, load_run
from training.release import ReleaseConfig, write_training_record
from training.train import TrainConfig, train

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics")

RELEASE = Path(__file__).resolve().parents[2] / "models" / "covers"


def shifted(folder: Path, by: float) -> Path:
    """A training's folder whose weights lie off the release's."""
    network = load_checkpoint(RELEASE).model
    moved = {k: v + by if v.is_floating_point() else v for k, v in network.state_dict().items()}
    network.load_state_dict(moved)
    (folder / "run" / "weights").mkdir(parents=True)
    torch.save({"ema": network, "model": None}, folder / "run" / "weights" / "last.pt")
    return folder


def test_weights_lie_between_the_start_and_the_trained_ones(tmp_path: Path) -> None:
    before = load_checkpoint(RELEASE).model.state_dict()
    mixed, classes = load_run(blend(last_epoch(shifted(tmp_path, 1.0)), RELEASE, 0.25, tmp_path))
    assert classes[0] == "cover_ok"
    weights = [name for name, value in before.items() if value.is_floating_point()]
    assert len(weights) > 100
    for name in weights:
        torch.testing.assert_close(mixed.state_dict()[name], before[name].float() + 0.75)


def test_the_mean_lies_between_all_trainings_and_their_start(tmp_path: Path) -> None:
    runs = [shifted(tmp_path / "a", 1.0), shifted(tmp_path / "b", 3.0)]
    before = load_checkpoint(RELEASE).model.state_dict()
    without, _ = load_run(mean(runs, tmp_path / "without"))
    among, classes = load_run(mean(runs, tmp_path / "among", RELEASE))
    assert classes[0] == "cover_ok"
    for name, value in before.items():
        if value.is_floating_point():
            torch.testing.assert_close(without.state_dict()[name], value.float() + 2)
            torch.testing.assert_close(among.state_dict()[name], value.float() + 4 / 3)
    assert result_of(tmp_path / "among") == tmp_path / "among" / "blended.pt"


def test_networks_of_different_sizes_have_no_mean(tmp_path: Path) -> None:
    run = shifted(tmp_path / "a", 1.0)
    with pytest.raises(ValueError, match="different sizes"):
        mean([run], tmp_path / "out", RELEASE.parent / "street")


def test_without_a_release_to_start_from_it_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Built:
        model, sha256 = "covers", "0" * 64

    monkeypatch.setattr("training.dataset.read_dataset", lambda _: Built)
    config = TrainConfig(
        dataset=tmp_path, out=tmp_path / "run", start=tmp_path / "coco.pt", keep=0.5
    )
    with pytest.raises(ValueError, match="start"):
        train(config)
    assert not (tmp_path / "run" / "run").exists()


def test_keep_is_a_share() -> None:
    with pytest.raises(ValueError, match="keep"):
        TrainConfig(dataset=Path("d"), out=Path("o"), keep=1.0)


def test_a_release_is_made_of_the_blended_weights_where_there_are_some(tmp_path: Path) -> None:
    weights = tmp_path / "run" / "weights"
    weights.mkdir(parents=True)
    (weights / "last.pt").touch()
    assert result_of(tmp_path) == weights / "last.pt"
    (tmp_path / "blended.pt").touch()
    assert result_of(tmp_path) == tmp_path / "blended.pt"


@pytest.mark.parametrize("checkpoint", ["run/weights/last.pt", "blended.pt"])
def test_a_release_carries_the_settings_of_its_training(tmp_path: Path, checkpoint: str) -> None:
    (tmp_path / "config.json").write_text('{"start": "models/covers", "keep": 0.4, "lr": 1}')
    config = ReleaseConfig(
        name="covers",
        version="1",
        run=tmp_path / checkpoint,
        dataset=tmp_path,
        out=tmp_path,
        width_px=32,
        height_px=32,
    )
    write_training_record(config)
    record = json.loads((tmp_path / "train.json").read_text())
    assert record == {
        "start": "models/covers",
        "keep": 0.4,
        "lr": 1,
        "dataset": "DATASET",
        "out": "RUN",
    }
