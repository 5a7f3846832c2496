"""One training run: a typed configuration in, averaged weights out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

RELEASED = Path(__file__).resolve().parent.parent / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training. Every field can stand in a JSON file; unknown keys are refused."""

    dataset: Path  # a built dataset
    start: Path | None = None  # .pt of ultralytics, or a release's folder; None: the released model
    out: Path  # the run's folder; an unfinished run in it is continued
    epochs: int = 40  # full passes over the training pictures
    width_px: int = 640  # side of the square training picture
    batch: int = 8  # pictures a step
    optimizer: str = "AdamW"
    lr: float = 0.0015  # peak learning rate
    lr_final: float = 0.02  # last learning rate as a fraction of the peak
    weight_decay: float = 0.0005
    warmup_epochs: float = 1.0
    freeze: int = 0  # first layers that stay as they are
    scale: float = 0.7  # zoom range, ± fraction
    mosaic: float = 1.0  # chance of joining four pictures
    close_mosaic: int = 5  # last epochs without mosaic
    mixup: float = 0.0  # chance of blending two pictures
    degrees: float = 5.0  # rotation, ±
    perspective: float = 0.0003
    flip: float = 0.5  # chance of mirroring left-right
    flip_vertical: float = 0.0  # chance of mirroring top-bottom; for pictures from above
    shear: float = 0.0  # degrees, ±
    hue: float = 0.02
    saturation: float = 0.7
    value: float = 0.5  # brightness range, ± fraction
    class_weight_power: float = 0.0  # inverse-frequency class weights raised to this
    workers: int = 1  # loader processes beside the trainer
    threads: int = 2  # CPU threads of the network
    keep: float = 0.0  # share of the starting release's weights in the result (training.blend)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or self.width_px % 32:
            raise ValueError("epochs >= 1, batch >= 2 and a width in multiples of 32 are needed")
        if not 0 <= self.keep < 1:
            raise ValueError("keep is a share: 0 <= keep < 1")


def config_from_file(path: Path, **given: Path) -> TrainConfig:
    """A configuration from a JSON file; unknown keys are refused by name. `given` goes before."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: is not valid JSON: {error}") from error
    known = {field.name for field in fields(TrainConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{path}: unknown keys {', '.join(unknown)}")
    for key in ("dataset", "start", "out"):
        if values.get(key) is not None:
            values[key] = Path(values[key])
    values |= given
    missing = [key for key in ("dataset", "out") if key not in values]
    if missing:
        raise ValueError(f"{path}: {' and '.join(missing)} missing")
    return TrainConfig(**values)


def with_whole_paths(config: TrainConfig) -> TrainConfig:
    """Relative paths are meant from the folder that one stands in: ultralytics would look for them
    in a place of its own settings, and a cluster's worker has another current folder."""
    start = config.start.absolute() if config.start else None
    return replace(
        config, dataset=config.dataset.absolute(), out=config.out.absolute(), start=start
    )


def train(config: TrainConfig, epoch_ended: Callable[[Any], None] = lambda trainer: None) -> Path:
    """Run, or continue, a training; returns the checkpoint with the averaged weights.

    `epoch_ended` is called with ultralytics' trainer before the epoch's checkpoint is written; what
    it raises ends the training.
    """
    from training.blend import blend, last_epoch
    from training.dataset import read_dataset
    from training.progress import Progress
    from training.trainer import MaskedTrainer

    config = with_whole_paths(config)
    config.out.mkdir(parents=True, exist_ok=True)
    dataset = read_dataset(config.dataset)
    if config.start is None:
        config = replace(config, start=RELEASED / dataset.model)
    release = _release_of(config) if config.keep else None  # refused before the training
    record = {**asdict(config), "dataset_sha256": dataset.sha256}
    (config.out / "config.json").write_text(
        json.dumps(record, indent=1, default=str), encoding="utf-8"
    )
    last = last_epoch(config.out)
    done = config.out / "done"
    if not done.exists():
        overrides = {"resume": str(last)} if last.exists() else _overrides(config)
        trainer = MaskedTrainer(overrides, workers=config.workers, threads=config.threads)
        progress = Progress(config.out)
        trainer.add_callback("on_train_start", progress.begin)
        trainer.add_callback("on_train_epoch_end", epoch_ended)
        trainer.add_callback("on_train_epoch_end", progress.epoch_ended)
        trainer.train()
        done.write_text("", encoding="utf-8")
    return blend(last, release, config.keep, config.out) if release else last


def _release_of(config: TrainConfig) -> Path:
    """The release that the training started from. Raises ValueError where it was none."""
    if config.start is None or not config.start.is_dir():
        raise ValueError("keep mixes with the starting release: `start` must be a release's folder")
    return config.start


def _overrides(config: TrainConfig) -> dict[str, Any]:
    return {
        "task": "detect",
        "model": str(_start_checkpoint(config)),
        "data": str(config.dataset / "data.yaml"),
        "project": str(config.out),
        "name": "run",
        "exist_ok": True,
        "device": "cpu" if not _cuda() else "0",
        "epochs": config.epochs,
        "imgsz": config.width_px,
        "batch": config.batch,
        "nbs": config.batch,
        "optimizer": config.optimizer,
        "lr0": config.lr,
        "lrf": config.lr_final,
        "cos_lr": True,
        "weight_decay": config.weight_decay,
        "warmup_epochs": config.warmup_epochs,
        "freeze": config.freeze or None,
        "scale": config.scale,
        "mosaic": config.mosaic,
        "close_mosaic": config.close_mosaic,
        "mixup": config.mixup,
        "degrees": config.degrees,
        "perspective": config.perspective,
        "fliplr": config.flip,
        "flipud": config.flip_vertical,
        "shear": config.shear,
        "hsv_h": config.hue,
        "hsv_s": config.saturation,
        "hsv_v": config.value,
        "cls_pw": config.class_weight_power,
        "seed": config.seed,
        "deterministic": False,
        "amp": False,
        "plots": False,
        "val": False,
        "cache": "ram",
        "patience": 0,
        "max_det": 300,
    }


def _start_checkpoint(config: TrainConfig) -> Path:
    if config.start is None:
        raise ValueError("no start given")
    if config.start.is_dir():
        from training.checkpoint import checkpoint_as_pt

        return checkpoint_as_pt(config.start, config.out / "start.pt")
    if not config.start.is_file():
        raise FileNotFoundError(f"start {config.start}: no such file or release")
    return config.start


def _cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())
