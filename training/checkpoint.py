"""Training checkpoints without a pickle: fp16 safetensors beside the network's YAML."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("YOLO_OFFLINE", "1")

if TYPE_CHECKING:
    from torch import nn
    from ultralytics import YOLO

TENSORS = "checkpoint.safetensors"
NETWORK = "network.yaml"


def save_checkpoint(network: nn.Module, classes: tuple[str, ...], folder: Path) -> None:
    """Write a network's weights, rounded to fp16, and its description."""
    import torch
    import yaml
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous(
            memory_format=torch.contiguous_format
        )
        for key, value in network.state_dict().items()
    }
    save_file(state, str(folder / TENSORS), metadata={"classes": json.dumps(classes)})
    description = {key: value for key, value in network.yaml.items() if key != "yaml_file"}
    description["nc"] = len(classes)
    (folder / NETWORK).write_text(yaml.safe_dump(description, sort_keys=False), encoding="utf-8")


def load_checkpoint(folder: Path) -> YOLO:
    """The released network as ultralytics' model, with the class names of its manifest."""
    from safetensors import safe_open
    from ultralytics import YOLO

    model = YOLO(str(folder / NETWORK), task="detect")
    with safe_open(str(folder / TENSORS), framework="pt") as file:
        state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        classes = json.loads(file.metadata()["classes"])
    network: Any = model.model
    _widen_class_branch(network, state)
    network.load_state_dict(state)
    manifest = folder / "manifest.json"
    if manifest.is_file():
        classes = json.loads(manifest.read_text(encoding="utf-8"))["classes"]
    network.names = dict(enumerate(classes))
    network.eval()
    return model


def load_run(checkpoint: Path) -> tuple[nn.Module, tuple[str, ...]]:
    """The averaged network and class names of a training run (a pickle we wrote)."""
    import torch

    import training.trainer  # noqa: F401  (the pickle names its classes)

    record = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = (record.get("ema") or record["model"]).float().eval()
    return network, tuple(network.names.values())


def checkpoint_as_pt(folder: Path, target: Path) -> Path:
    """A released checkpoint in the form ultralytics' trainer starts from."""
    return save_as_pt(load_checkpoint(folder).model, target)


def save_as_pt(network: Any, target: Path) -> Path:
    """A network in the form ultralytics' trainer and `load_run` read."""
    import torch

    target.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": network, "ema": None, "epoch": -1, "optimizer": None}, target)
    return target


def _widen_class_branch(network: Any, state: dict[str, Any]) -> None:
    """Give the class branch its trained width: a COCO start keeps the width of 80 classes."""
    from torch import nn
    from ultralytics.nn.tasks import DetectionModel

    head = network.model[-1]
    width = int(state[f"model.{head.i}.cv3.0.0.conv.weight"].shape[0])
    if width == head.cv3[0][0].conv.out_channels:
        return
    donor = DetectionModel(network.yaml, nc=width, verbose=False).model[-1]
    for branch in donor.cv3:
        branch[-1] = nn.Conv2d(branch[-1].in_channels, head.nc, 1)
    head.cv3 = donor.cv3
