"""Trains the change network on patches of change_patches.py: `python train_network.py OUT NPZ…`.

Held-back patches choose the best epoch. Writes `weights.onnx` and
`network.json`. Needs the `train` extra (torch, onnx).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from detector.flights.change_network import CLASSES, SIDE


class Network(nn.Module):
    """Halves the place three times, then takes mean and maximum over it: 60,000 weights."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(7, width, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        for before, after in ((1, 2), (2, 3), (3, 4)):
            layers += [
                nn.Conv2d(width * before, width * after, 3, padding=1, bias=False),
                nn.BatchNorm2d(width * after),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(width * 8, len(CLASSES)))

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        found = self.body(patches)
        pooled = torch.cat([found.mean(dim=(2, 3)), found.amax(dim=(2, 3))], dim=1)
        return self.head(pooled)


@torch.no_grad()
def started(network: Network, weights: Path, x: torch.Tensor) -> None:
    """Gives the network the weights of a released one, to be trained on.

    The release has its normalisation folded into the convolutions. It is unfolded so that the
    outputs on the patches `x` stay what they were, in training as well.
    """
    held = [numpy_helper.to_array(i) for i in onnx.load(str(weights)).graph.initializer]
    tensors = [torch.from_numpy(a.copy()) for a in held]
    # In the release's order: the head's weights and bias, then each convolution's.
    network.head[1].weight.copy_(tensors[0])
    network.head[1].bias.copy_(tensors[1])
    rest = iter(tensors[2:])
    network.eval()
    for place, layer in enumerate(network.body):
        if isinstance(layer, nn.Conv2d):
            norm = network.body[place + 1]
            layer.weight.copy_(next(rest))
            found = network.body[: place + 1](x)
            mean, spread = found.mean(dim=(0, 2, 3)), found.var(dim=(0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread)
            norm.weight.copy_((spread + norm.eps).sqrt())
            norm.bias.copy_(next(rest) + mean)


def varied(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turns, mirrors, swaps the days (with the label), shifts light and hue of the second day."""
    turn = int(torch.randint(4, (1,)))
    x = torch.rot90(x, turn, (2, 3))
    if torch.rand(1) < 0.5:
        x = x.flip(3)
    swap = torch.rand(len(x)) < 0.5
    x[swap] = torch.cat([x[swap, 3:6], x[swap, :3], x[swap, 6:]], dim=1)
    names = {name: i for i, name in enumerate(CLASSES)}
    flipped = y.clone()
    flipped[swap & (y == names["added"])] = names["removed"]
    flipped[swap & (y == names["removed"])] = names["added"]
    for start in (0, 3):
        gain = 1 + torch.randn(len(x), 1, 1, 1) * 0.12
        tint = torch.randn(len(x), 2, 1, 1) * 0.06
        level = torch.randn(len(x), 1, 1, 1) * 0.06
        light = x[:, start : start + 1] * gain + level
        hue = x[:, start + 1 : start + 3] * gain + tint
        x[:, start : start + 3] = torch.cat([light, hue], dim=1)
        x[:, start : start + 3] += torch.randn_like(x[:, start : start + 3]) * 0.02
    return _shaken(x), flipped


def _shaken(x: torch.Tensor) -> torch.Tensor:
    """Lays the days up to 0.4 m off each other and softens one of them, a batch alike."""
    by = torch.randint(-2, 3, (2,)).tolist() if torch.rand(1) < 0.5 else [0, 0]
    start = 3 * int(torch.randint(2, (1,)))
    day = x[:, start : start + 3].roll(by, (2, 3))
    if torch.rand(1) < 0.3:
        day = nn.functional.avg_pool2d(nn.functional.pad(day, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return torch.cat([x[:, :start], day, x[:, start + 3 :]], dim=1)


def train(
    x: torch.Tensor,
    y: torch.Tensor,
    held: torch.Tensor,
    epochs: int,
    seed: int,
    start: Path | None = None,
) -> tuple[Network, dict]:
    """Trains on the rows that are not `held` (bool); these choose the best epoch."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # more only wait for each other on a busy machine
    rest = torch.where(~held)[0]
    held = torch.where(held)[0]
    counts = torch.bincount(y[rest], minlength=len(CLASSES)).float()
    weight = (counts.sum() / counts / len(CLASSES)).sqrt()
    network, best, kept = Network(), -1.0, None
    if start is not None:
        started(network, start, x[rest[:400]].float())
        sys.stdout.write(f"start: {measured(network, x[held].float(), y[held])}\n")
    steps = epochs * (len(rest) // 64 + 1)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=2e-2)
    peak = 4e-3 if start is None else 1.5e-3
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=steps + 1)
    loss_of = nn.CrossEntropyLoss(weight=weight, label_smoothing=0.02)
    for epoch in range(epochs):
        network.train()
        for rows in rest[torch.randperm(len(rest))].split(64):
            inputs, labels = varied(x[rows].float(), y[rows])
            optimiser.zero_grad()
            loss_of(network(inputs), labels).backward()
            optimiser.step()
            schedule.step()
        told = measured(network, x[held].float(), y[held])
        sys.stdout.write(f"epoch {epoch + 1}: {told}\n")
        sys.stdout.flush()
        if told["mean_recall"] >= best:
            best = told["mean_recall"]
            kept = {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(kept or network.state_dict())
    return network, measured(network, x[held].float(), y[held])


@torch.no_grad()
def measured(network: Network, x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    network.eval()
    guess = torch.cat([network(part) for part in x.split(512)]).argmax(dim=1)
    recalls = {n: float((guess[y == i] == i).float().mean()) for i, n in enumerate(CLASSES)}
    told = {f"recall_{n}": round(v, 4) for n, v in recalls.items()}
    return told | {"mean_recall": round(sum(recalls.values()) / len(recalls), 4), "held": len(y)}


def average(weights: Path, start: Path) -> None:
    """Sets exported weights half way between themselves and those they were trained on from.

    Both have the same form; a few scenes more should not undo what the earlier ones taught.
    """
    model, earlier = onnx.load(str(weights)), onnx.load(str(start))
    for one, other in zip(model.graph.initializer, earlier.graph.initializer, strict=True):
        middle = (numpy_helper.to_array(one) + numpy_helper.to_array(other)) / 2
        one.CopyFrom(numpy_helper.from_array(middle, one.name))
    onnx.save(model, str(weights))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("patches", nargs="+", type=Path)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half-way", action="store_true", help="end half way back to the start")
    parser.add_argument("--start", type=Path, help="weights.onnx of a release to be trained on")
    args = parser.parse_args()
    files = [np.load(path) for path in args.patches]
    x = torch.from_numpy(np.concatenate([f["patches"] for f in files]))
    y = torch.from_numpy(np.concatenate([f["labels"] for f in files]))
    held = torch.arange(len(y)) // 200 % 8 == 3
    sure = y >= 0
    x, y, held = x[sure], y[sure], held[sure]
    began = time.monotonic()
    network, told = train(x, y, held, args.epochs, args.seed, args.start)
    network.eval()
    args.out.mkdir(parents=True, exist_ok=True)
    weights = args.out / "weights.onnx"
    torch.onnx.export(
        network,
        (torch.zeros(1, 7, SIDE, SIDE),),
        str(weights),
        input_names=["patches"],
        output_names=["logits"],
        dynamic_axes={"patches": {0: "n"}, "logits": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    if args.start is not None and args.half_way:
        average(weights, args.start)
    counts = {n: int((y == i).sum()) for i, n in enumerate(CLASSES)}
    record = {
        "format": 1,
        "name": "rooftop_change",
        "classes": list(CLASSES),
        "weights": {
            "file": weights.name,
            "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        },
        "trained": {"patches": counts, "epochs": args.epochs, "seed": args.seed, "held_out": told},
        "seconds": round(time.monotonic() - began),
    }
    (args.out / "network.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
