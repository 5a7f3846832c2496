"""Trains the change network: `python train_network.py OUT NPZ… [--held NPZ…]`.

Crops come from change_crops.py and real_scenes.py. Writes `weights.onnx` and `network.json`.
Needs the `train` extra (torch).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from change_crops import ADDED, OTHER, REMOVED, SIDE, UNSURE
from torch import nn
from torch.nn import functional

from detector.flights.change_network import CLASSES
from detector.flights.change_planes import CHANNELS
from detector.inference.cpu import computes_in_bf16

_WEIGHTS = (1.0, 6.0, 6.0)  # of a pixel in the loss: structures are rare
BATCH = 8


@dataclass(frozen=True, kw_only=True)
class Options:
    """How long, from where and with which chance."""

    epochs: int
    seed: int
    peak: float  # of the learning rate


@dataclass(frozen=True, kw_only=True)
class Crops:
    """`planes` (N, 7, 128, 128) float16 and `labels` (N, 128, 128) uint8."""

    planes: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


class Network(nn.Module):
    """A U-shaped network that halves the place three times; the first step is halved already."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(_block(CHANNELS, 16, side=5, stride=2), _block(16, 24))
        self.mid = nn.Sequential(nn.MaxPool2d(2), _block(24, 48), _block(48, 48))
        self.far = nn.Sequential(nn.MaxPool2d(2), _block(48, 96), _block(96, 96), _block(96, 96))
        self.far_to_mid, self.to_mid = _block(96, 48, side=1), _block(48 + 48, 48)
        self.mid_to_fine, self.to_fine = _block(48, 24, side=1), _block(24 + 24, 24)
        self.head = nn.Conv2d(24, len(CLASSES), 1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        fine = self.fine(planes)
        mid = self.mid(fine)
        found = self.far_to_mid(self.far(mid))
        found = self.to_mid(torch.cat([_doubled(found), mid], 1))
        found = self.to_fine(torch.cat([_doubled(self.mid_to_fine(found)), fine], 1))
        return _doubled(self.head(found))


def _block(before: int, after: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, side, stride=stride, padding=side // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def varied(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turns, sizes and mirrors, swaps the days (with the labels), paints roofs, changes light, hue
    and contrast of either day, throws shade, and lays the days a little off each other."""
    x, y = _standing(*_pasted(*_turned(x, y)))
    x = _repainted(x)
    swap = torch.rand(len(x)) < 0.5
    x[swap] = torch.cat([x[swap, 3:6], x[swap, :3], x[swap, 6:]], dim=1)
    other = y.clone()
    other[swap[:, None, None] & (y == ADDED)] = REMOVED
    other[swap[:, None, None] & (y == REMOVED)] = ADDED
    days = []
    for start in (0, 3):
        gain = torch.exp(torch.randn(len(x), 1, 1, 1) * 0.15)
        tint = torch.randn(len(x), 2, 1, 1) * 0.08
        level = torch.randn(len(x), 1, 1, 1) * 0.10
        light = x[:, start : start + 1] * gain + level + _shade(len(x))
        day = torch.cat([light, x[:, start + 1 : start + 3] * gain + tint], dim=1)
        days.append(day + torch.randn_like(day) * 0.02)
    off = [int(v) for v in torch.randint(-1, 2, (2,))]
    days[1] = days[1].roll(off, (2, 3))
    soft = int(torch.randint(6, (1,)))
    if soft < 2:  # one day out of focus, now and then
        days[soft] = functional.avg_pool2d(days[soft], 3, 1, 1, count_include_pad=False)
    return torch.cat([*days, x[:, 6:]], dim=1), other


def _turned(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Any angle, mirrored or not, 0.85 to 1.2 of the size; unsure beyond the edge."""
    n = len(x)
    angle, size = torch.rand(n) * 2 * math.pi, torch.empty(n).uniform_(0.83, 1.18)
    mirror = (torch.rand(n) < 0.5).float() * 2 - 1
    cos, sin, none = torch.cos(angle) * size, torch.sin(angle) * size, torch.zeros(n)
    turn = torch.stack(
        [
            torch.stack([cos * mirror, -sin, none], 1),
            torch.stack([sin * mirror, cos, none], 1),
        ],
        1,
    )
    grid = functional.affine_grid(turn, list(x.shape), align_corners=False)
    turned = functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    far = (y.float() - UNSURE)[:, None]
    labels = functional.grid_sample(far, grid, mode="nearest", align_corners=False)[:, 0]
    return turned, (labels + UNSURE).round().to(torch.uint8)


def _pasted(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Copies another crop's structures, with the ground beside them, into two of five crops."""
    into = (torch.rand(len(x)) < 0.4)[:, None, None]
    by = [int(v) for v in torch.randint(SIDE, (2,))]
    planes, labels = x.roll((1, *by), (0, 2, 3)), y.roll((1, *by), (0, 1, 2))
    made, told = x.clone(), y.clone()
    for label, start in ((ADDED, 3), (REMOVED, 0)):
        spot = (labels == label).float()[:, None]
        near = (functional.max_pool2d(spot, 11, 1, 5)[:, 0] > 0) & into
        for plane in (start, start + 1, start + 2, 6):
            made[:, plane][near] = planes[:, plane][near]
        told[near] = torch.where(told[near] == UNSURE, told[near], labels[near])
    return made, told


def _standing(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sets another crop's new structures up on both days, in three of ten crops: they came on
    neither. Each day's light, which changes afterwards, then falls on the same structure."""
    into = (torch.rand(len(x)) < 0.3)[:, None, None]
    by = [int(v) for v in torch.randint(SIDE, (2,))]
    planes, labels = x.roll((2, *by), (0, 2, 3)), y.roll((2, *by), (0, 1, 2))
    spot = (labels == ADDED).float()[:, None]
    near = (functional.max_pool2d(spot, 11, 1, 5)[:, 0] > 0) & into
    made, told = x.clone(), y.clone()
    for plane in (0, 1, 2):
        made[:, plane][near] = made[:, 3 + plane][near] = planes[:, 3 + plane][near]
    made[:, 6][near] = planes[:, 6][near] * float(torch.rand(1)) * 0.5
    told[near & (y != UNSURE)] = OTHER
    return made, told


def _repainted(x: torch.Tensor) -> torch.Tensor:
    """Gives a large rectangle of one day another colour and a fainter pattern, in three of ten
    crops: a roof that is painted or sealed differs from its old self over the whole of it."""
    n = len(x)
    line = torch.linspace(-1, 1, SIDE)
    angle = torch.rand(n, 1, 1) * math.pi
    spot = torch.empty(2, n, 1, 1).uniform_(-0.8, 0.8)
    east, north = line[None, None, :] - spot[0], line[None, :, None] - spot[1]
    along = torch.cos(angle) * east + torch.sin(angle) * north
    across = torch.cos(angle) * north - torch.sin(angle) * east
    half = torch.empty(2, n, 1, 1).uniform_(0.3, 0.8)  # of a crop's half: 5 to 12 m
    inside = torch.ones(n, SIDE, SIDE)
    for way, reach in zip((along, across), half, strict=True):
        inside = inside * ((reach - way.abs()) * 60).sigmoid()
    inside = (inside * (torch.rand(n, 1, 1) < 0.3))[:, None]
    start = 3 * int(torch.randint(2, (1,)))
    day = x[:, start : start + 3]
    coarse = functional.avg_pool2d(functional.avg_pool2d(day, 4), 7, 1, 3, count_include_pad=False)
    even = functional.interpolate(coarse, size=(SIDE, SIDE), mode="bilinear")
    faint = torch.empty(n, 1, 1, 1).uniform_(0.3, 1.0)
    spread = torch.tensor([0.3, 0.25, 0.25]).view(1, 3, 1, 1)
    colour = torch.randn(n, 3, 1, 1) * spread
    grain = functional.avg_pool2d(torch.randn(n, 1, SIDE, SIDE), 3, 1, 1) * 0.08
    painted = even + (day - even) * faint + colour + grain
    # The old pattern is partly gone where the new one covers it.
    lost = functional.interpolate(torch.rand(n, 1, 16, 16), size=(SIDE, SIDE), mode="bilinear")
    lost = lost * (1 - faint)
    made = x.clone()
    made[:, start : start + 3] = day * (1 - inside) + painted * inside
    made[:, 6:] = torch.maximum(x[:, 6:], lost * inside)
    return made


def _shade(n: int) -> torch.Tensor:
    """Log brightness (n, 1, 128, 128) that straight shadows take off, in one of five crops."""
    angle = torch.rand(n, 1, 1) * 2 * math.pi
    line = torch.linspace(-1, 1, SIDE)
    across = torch.cos(angle) * line[None, :, None] + torch.sin(angle) * line[None, None, :]
    near = torch.empty(n, 1, 1).uniform_(-0.9, 0.9)
    width = torch.empty(n, 1, 1).uniform_(0.1, 0.8)
    soft = ((across - near) * 25).sigmoid() * ((near + width - across) * 25).sigmoid()
    depth = torch.empty(n, 1, 1).uniform_(0.3, 1.4) * (torch.rand(n, 1, 1) < 0.2)
    return -(soft * depth)[:, None]


def train(crops: Crops, held: list[Crops], options: Options, start: Path | None) -> Network:
    """Returns the running mean of the weights; `held` is measured and chooses nothing."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)  # more only wait for each other on a busy machine
    network = Network()
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    steady = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99), use_buffers=True
    )
    steps = options.epochs * math.ceil(len(crops) / BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.peak, total_steps=steps + 1)
    weights = torch.tensor(_WEIGHTS)
    network.to(memory_format=torch.channels_last)
    began = time.monotonic()
    for epoch in range(options.epochs):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(crops)).split(BATCH):
            x, y = varied(crops.planes[rows].float(), crops.labels[rows])
            optimiser.zero_grad()
            x = x.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=computes_in_bf16()):
                logits = network(x)
            loss = functional.cross_entropy(
                logits.float(), y.long(), weights, ignore_index=UNSURE, label_smoothing=0.02
            )
            loss.backward()
            optimiser.step()
            schedule.step()
            steady.update_parameters(network)
            total += loss.item() * len(rows)
        spent = f"{time.monotonic() - began:.0f} s ({time.process_time():.0f} s of processor)"
        told = [measured(steady.module, one) for one in held]
        sys.stdout.write(f"epoch {epoch + 1}: {spent}, loss {total / len(crops):.4f}, {told}\n")
        sys.stdout.flush()
    return steady.module


@torch.no_grad()
def measured(network: Network, crops: Crops) -> dict[str, float]:
    """Of the pixels where a structure came: how many are called so, and how many of those called
    so are right."""
    network.eval()
    guess = torch.cat([network(p.float()).argmax(1) for p in crops.planes.split(BATCH)])
    sure = crops.labels != UNSURE
    right = int(((guess == ADDED) & (crops.labels == ADDED)).sum())
    came, called = int((crops.labels == ADDED).sum()), int(((guess == ADDED) & sure).sum())
    wrong = int(((guess == ADDED) & (crops.labels == REMOVED)).sum())
    return {
        "recall": round(right / max(came, 1), 3),
        "precision": round(right / max(called, 1), 3),
        "removed_called_added": round(wrong / max(int((crops.labels == REMOVED).sum()), 1), 3),
        "crops": len(crops),
    }


def read(paths: list[Path]) -> Crops:
    files = [np.load(path) for path in paths]
    return Crops(
        planes=torch.from_numpy(np.concatenate([f["planes"] for f in files])),
        labels=torch.from_numpy(np.concatenate([f["labels"] for f in files])),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("crops", nargs="+", type=Path)
    parser.add_argument("--held", nargs="*", type=Path, default=[], help="measured, not trained on")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peak", type=float, default=4e-3, help="of the learning rate")
    parser.add_argument("--start", type=Path, help="weights.pt of an earlier training")
    args = parser.parse_args()
    options = Options(epochs=args.epochs, seed=args.seed, peak=args.peak)
    crops, held = read(args.crops), [read([path]) for path in args.held]
    began = time.monotonic()
    network = train(crops, held, options, args.start)
    network.eval()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), args.out / "weights.pt")
    weights = args.out / "weights.onnx"
    torch.onnx.export(
        network,
        (torch.zeros(1, CHANNELS, SIDE, SIDE),),
        str(weights),
        input_names=["planes"],
        output_names=["logits"],
        dynamic_axes={"planes": {2: "h", 3: "w"}, "logits": {2: "h", 3: "w"}},
        opset_version=17,
        dynamo=False,
    )
    told = {path.stem: measured(network, one) for path, one in zip(args.held, held, strict=True)}
    record = {
        "format": 1,
        "name": "rooftop_change",
        "classes": list(CLASSES),
        "weights": {
            "file": weights.name,
            "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        },
        "trained": {"crops": len(crops)} | asdict(options) | {"held_out": told},
        "seconds": round(time.monotonic() - began),
    }
    (args.out / "network.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
