"""Settings to train a running model further on a city's own footage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from training.dataset import read_dataset
from training.train import TrainConfig, config_from_file

_EPOCHS: Final = 6
_LR: Final = 0.0005
_FREEZE: Final = 10  # YOLOv8's backbone: its layers 0 to 9
_KEEP: Final = 0.75  # of the running model's weights


def retraining(dataset: Path, out: Path, models: Path) -> TrainConfig:
    """Starts from the running model in `models`, with picture size and augmentation of its own
    training (`train.json` beside it).

    Few epochs at a low rate with the backbone as it is, and a mean of the weights before and
    after, mostly those before: 200 pictures take minutes on two cores, and what the model knows
    of other places is kept. A model's first training needs a configuration of its own.
    """
    running = models / read_dataset(dataset).model
    known = running / "train.json"
    if not known.is_file():
        return TrainConfig(dataset=dataset, out=out)
    config = config_from_file(known, dataset=dataset, out=out, start=running)
    return replace(
        config,
        epochs=_EPOCHS,
        lr=_LR,
        lr_final=0.1,
        warmup_epochs=0.3,
        freeze=max(_FREEZE, config.freeze),
        mosaic=min(0.3, config.mosaic),
        close_mosaic=1,
        keep=_KEEP,
    )
