"""Mask rows take classes out of the loss; a labelled cover says that no pothole is there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from detector.types.taxonomy import AERIAL_CLASSES, COVER_CLASSES  # noqa: E402
from training.trainer import MaskedModel, _exclusive  # noqa: E402

SIDE = 64
COVER, MISSING_POTHOLES = COVER_CLASSES.index("cover_ok"), len(COVER_CLASSES)
POTHOLE = COVER_CLASSES.index("pothole")


@pytest.fixture(scope="module")
def model() -> MaskedModel:
    model = MaskedModel("yolov8n.yaml", nc=len(COVER_CLASSES), verbose=False)
    model.args = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5)
    model.mask_classes = [[POTHOLE]]
    return model


def _keep(model: MaskedModel, exclusive: bool):
    """(A, C) of one picture: potholes are not labelled in it, and a cover covers its left half."""
    model.exclusive = exclusive
    loss = model.init_criterion()
    feats = [torch.zeros(1, 8, SIDE // s, SIDE // s) for s in (8, 16, 32)]
    batch = {
        "batch_idx": torch.tensor([0.0, 0.0]),
        "cls": torch.tensor([[float(MISSING_POTHOLES)], [float(COVER)]]),
        "bboxes": torch.tensor([[0.5, 0.5, 1.0, 1.0], [0.25, 0.5, 0.5, 1.0]]),
    }
    is_mask = batch["cls"].view(-1) >= len(COVER_CLASSES)
    loss.stride = torch.tensor([8.0, 16.0, 32.0])
    return loss._keep({"feats": feats}, batch, is_mask)[0]


def test_a_class_that_is_not_labelled_is_no_negative(model):
    keep = _keep(model, exclusive=False)
    assert not keep[:, POTHOLE].any()
    assert keep[:, COVER].all()


def test_where_classes_exclude_each_other_a_label_is_a_negative_for_the_others(model):
    keep = _keep(model, exclusive=True)[: (SIDE // 8) ** 2].reshape(SIDE // 8, SIDE // 8, -1)
    assert keep[:, : SIDE // 16, POTHOLE].all()
    assert not keep[:, SIDE // 16 :, POTHOLE].any()


def test_covers_exclude_each_other_and_sheds_stand_on_buildings():
    assert _exclusive(COVER_CLASSES)
    assert not _exclusive(AERIAL_CLASSES)
