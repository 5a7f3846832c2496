"""Ultralytics' detection trainer with a masked loss, bfloat16 on CPUs, and no network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("YOLO_OFFLINE", "1")

import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils import RANK

from detector.inference.cpu import computes_in_bf16
from detector.types.taxonomy import EXCLUSIVE_MODELS, MODEL_CLASSES
from training.masked_loss import MaskedDetectionLoss

__all__ = ["YOLO", "MaskedModel", "MaskedTrainer"]


class MaskedModel(DetectionModel):  # type: ignore[misc]
    """A detection network that is trained in bfloat16 where it pays and with a masked loss."""

    mask_classes: list[list[int]] = []  # noqa: RUF012  (replaced on the instance, never changed)

    exclusive = False  # a place holds one of the classes at most

    def init_criterion(self) -> MaskedDetectionLoss:
        return MaskedDetectionLoss(self, self.mask_classes, self.exclusive)

    def loss(self, batch: dict[str, Any], preds: Any = None) -> Any:
        """The forward pass in bfloat16 on a CPU, the loss itself in float32."""
        if preds is None:
            picture = batch["img"]
            with torch.autocast("cpu", torch.bfloat16, enabled=_bfloat16_pays(picture.device)):
                preds = self.forward(picture)
            preds = _as_float(preds)
        return super().loss(batch, preds)


class MaskedTrainer(DetectionTrainer):  # type: ignore[misc]
    """Trains on a built dataset; the last averaged weights count."""

    last: Path  # the newest checkpoint's file

    def __init__(self, overrides: dict[str, Any], workers: int = 0, threads: int = 2) -> None:
        super().__init__(overrides=overrides)
        # choosing the device, upstream leaves the network one thread fewer than there are cores
        torch.set_num_threads(threads)
        # upstream forces 0 on a CPU, where augmentation then waits for the network
        self.args.workers = workers

    def get_model(
        self,
        cfg: str | dict[str, Any] | None = None,
        weights: nn.Module | None = None,
        verbose: bool = True,
    ) -> MaskedModel:
        classes = len(self.data["classes"])
        model = MaskedModel(
            cfg, nc=classes, ch=self.data["channels"], verbose=verbose and RANK == -1
        )
        model.mask_classes = self.data["mask_classes"]
        model.exclusive = _exclusive(tuple(self.data["classes"]))
        # classes that COCO knows keep their rows of its head
        model.names = dict(enumerate(self.data["classes"]))
        if weights is not None:
            model.load(weights)
        model.to(memory_format=torch.channels_last)
        return model

    def set_model_attributes(self) -> None:
        self.model.nc = len(self.data["classes"])
        self.model.args = self.args

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch = super().preprocess_batch(batch)
        batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        return batch

    def validate(self) -> tuple[dict[str, float], float]:
        """Nothing while training: figures come from `training.evaluate` on the finished weights."""
        return {}, float(self.epoch)

    def save_model(self) -> bool:
        """A checkpoint is whole or not there: upstream writes over the last one, and a kill while
        it does would leave nothing that a run could go on from."""
        target = Path(self.last)
        writing = self.last = target.with_suffix(".writing")
        try:
            written = bool(super().save_model())
        finally:
            self.last = target
        if writing.exists():
            os.replace(writing, target)
        return written

    def final_eval(self) -> None:
        """Nothing: `last.pt` keeps its optimizer so that a longer run can continue it."""


def _exclusive(classes: tuple[str, ...]) -> bool:
    return any(classes == MODEL_CLASSES[model] for model in EXCLUSIVE_MODELS)


def _bfloat16_pays(device: torch.device) -> bool:
    return device.type == "cpu" and computes_in_bf16()


def _as_float(value: Any) -> Any:
    if torch.is_tensor(value):
        return value.float()
    if isinstance(value, dict):
        return {key: _as_float(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_as_float(item) for item in value)
    return value
