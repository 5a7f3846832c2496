"""YOLOv8's detection loss, silent where labels are: there nothing is learned.

A label row whose class id is at or above the model's class count is no object but a *mask row*:
inside its rectangle the classes `mask_classes[id - classes]` are left out of the class loss.
Mask rows are ordinary boxes to the data loader, so mosaic, scaling and flips carry them along.

Where classes exclude each other, a labelled object says what is not there: inside its box no mask
holds. Without that, a class that some sets leave unlabelled is free to claim the others' objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.tal import make_anchors


class MaskedCrossEntropy(nn.Module):  # type: ignore[misc]
    """Binary cross entropy, zero where `keep` is False and nothing is to be found."""

    def __init__(self) -> None:
        super().__init__()
        self.keep: torch.Tensor | None = None

    def forward(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        loss = nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
        if self.keep is None:
            return loss
        return loss * (self.keep | (targets > 0))


class MaskedDetectionLoss(v8DetectionLoss):  # type: ignore[misc]
    """Takes mask rows out of the targets and their area out of the class loss."""

    def __init__(
        self, model: nn.Module, mask_classes: list[list[int]], exclusive: bool = False
    ) -> None:
        super().__init__(model)
        self.exclusive = exclusive
        self.bce = MaskedCrossEntropy()
        table = torch.zeros(len(mask_classes), self.nc, dtype=torch.bool)
        for row, class_ids in enumerate(mask_classes):
            table[row, class_ids] = True
        self.table = table.to(self.device)

    def get_assigned_targets_and_loss(
        self, preds: dict[str, torch.Tensor], batch: dict[str, Any], **assign_kwargs: Any
    ) -> tuple[Any, ...]:
        is_mask = batch["cls"].view(-1) >= self.nc
        self.bce.keep = self._keep(preds, batch, is_mask)
        objects = {key: batch[key][~is_mask] for key in ("batch_idx", "cls", "bboxes")}
        result: tuple[Any, ...] = super().get_assigned_targets_and_loss(
            preds, {**batch, **objects}, **assign_kwargs
        )
        return result

    def _keep(
        self, preds: dict[str, torch.Tensor], batch: dict[str, Any], is_mask: torch.Tensor
    ) -> torch.Tensor | None:
        """True for each (picture, anchor, class) that may count as a negative."""
        if not bool(is_mask.any()):
            return None
        feats = preds["feats"]
        points, strides = make_anchors(feats, self.stride, 0.5)
        height, width = (side * float(self.stride[0]) for side in feats[0].shape[2:])
        centres = points * strides / torch.tensor([width, height], device=points.device)
        pictures, count = int(feats[0].shape[0]), centres.shape[0]
        masked = torch.zeros(pictures, count, self.nc, dtype=torch.bool, device=points.device)
        for picture, class_id, box in _rows(batch, is_mask):
            masked[picture] |= _inside(centres, box)[:, None] & self.table[class_id - self.nc]
        if self.exclusive:
            for picture, _, box in _rows(batch, ~is_mask):
                masked[picture] &= ~_inside(centres, box)[:, None]
        return ~masked


def _rows(batch: dict[str, Any], chosen: torch.Tensor) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Picture, class id and (4,) box of the chosen label rows."""
    yield from zip(
        batch["batch_idx"].view(-1)[chosen].long().tolist(),
        batch["cls"].view(-1)[chosen].long().tolist(),
        batch["bboxes"][chosen],
        strict=True,
    )


def _inside(centres: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    """(A,) whether each anchor's centre lies in a box (4,) of centre and size."""
    return ((centres - box[:2]).abs() <= box[2:] / 2).all(1)
