"""What each ingredient of the covers' training brings, on real validation pictures.

    python -m tests.acceptance.ablation OUT [--epochs 5] [--width-px 320] [--threads 2]

Trains YOLOv8n from COCO's weights for a few epochs, once with everything and once without each
ingredient, always with as many steps, and measures all of them on the same validation side. A run
that was cut off goes on. Needs the real picture sets (XUNJIE_SHARED). Short trainings of the small
network rank ingredients; they say nothing of a release's figures, which stand on its card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import training.trainer
from detector.inference.manifest import NmsSpec
from detector.inference.reading import Reading
from training.catalogue import COVER_SETS, COVERS_PHONE, COVERS_WEB, POTHOLES
from training.checkpoint import load_run, save_checkpoint
from training.commands import data_root
from training.dataset import BuildConfig, Dataset, build_dataset
from training.evaluate import Seen, look, match_seen
from training.export import export_onnx
from training.match import PictureMatch, average_precision
from training.picture_set import PictureSet
from training.predict import OnnxModel
from training.split import SplitRule
from training.train import TrainConfig, train

STATES = ("cover_ok", "cover_damaged", "cover_missing")
ROUNDS = 300
EXCLUSIVE = training.trainer.EXCLUSIVE_MODELS

Sets = Sequence[PictureSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One training; `sets` says which pictures it learns from."""

    name: str
    sets: Callable[[Sets], Sets] = lambda sets: sets
    exclusive: bool = True
    mosaic: float = 0.8


def _without(*names: str) -> Callable[[Sets], Sets]:
    return lambda sets: [s for s in sets if s.name not in names]


def _plain(sets: Sets) -> Sets:
    return [replace(s, roughen=False) for s in sets]


def _once(sets: Sets) -> Sets:
    return [replace(s, repeat=min(s.repeat, 1)) for s in sets]


VARIANTS = (
    Variant(name="everything"),
    Variant(name="a labelled cover says nothing of potholes", exclusive=False),
    Variant(name="without the phone pictures", sets=_without(COVERS_PHONE.name)),
    Variant(name="without the web pictures", sets=_without(COVERS_WEB.name)),
    Variant(name="without potholes", sets=_without(POTHOLES.name)),
    Variant(name="without streets that hold no cover", sets=_without("negatives_road")),
    Variant(name="repeats not roughened", sets=_plain),
    Variant(name="web pictures once instead of three times", sets=_once),
    Variant(name="without mosaic", mosaic=0.0),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--width-px", type=int, default=320)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    steps = None
    matches: dict[str, list[list[PictureMatch]]] = {}
    for number, variant in enumerate(VARIANTS):
        folder = args.out / str(number)
        dataset = _built(variant, folder / "dataset")
        pictures = sum(entry.split == "train" for entry in dataset.entries)
        steps = steps or args.epochs * pictures
        epochs = max(1, round(steps / pictures))
        weights = _trained(variant, folder, epochs, args.width_px, args.threads)
        matches[variant.name] = _measured(args.out / "0" / "dataset", weights, args.width_px)
        _print(variant.name, matches)
    rows = {name: _row(found, matches[VARIANTS[0].name]) for name, found in matches.items()}
    (args.out / "ablation.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _built(variant: Variant, folder: Path) -> Dataset:
    from training.dataset import read_dataset

    if (folder / "dataset.json").exists():
        return read_dataset(folder)
    config = BuildConfig(
        model="covers",
        root=data_root(),
        out=folder,
        split=SplitRule(val_every=6),
        max_side_px=640,
    )
    return build_dataset(config, variant.sets(COVER_SETS))


def _trained(variant: Variant, folder: Path, epochs: int, width_px: int, threads: int) -> Path:
    """The network as ONNX. Every variant has the same number of steps, up to half an epoch."""
    weights = folder / "network" / "weights.onnx"
    if weights.exists():
        return weights
    training.trainer.EXCLUSIVE_MODELS = EXCLUSIVE if variant.exclusive else ()
    last = train(
        TrainConfig(
            dataset=folder / "dataset",
            start=data_root() / "weights" / "yolov8n.pt",
            out=folder / "run",
            epochs=epochs,
            width_px=width_px,
            batch=16,
            lr=0.0015,
            freeze=4,
            scale=0.6,
            mosaic=variant.mosaic,
            close_mosaic=2,
            threads=threads,
        )
    )
    network, classes = load_run(last)
    save_checkpoint(network, classes, weights.parent)
    return export_onnx(weights.parent)


def _measured(folder: Path, weights: Path, width_px: int) -> list[list[PictureMatch]]:
    """Matches by class and picture, the pictures in one order for all variants."""
    dataset, seen = look(folder, OnnxModel(weights, width_px, width_px, Reading(nms=NmsSpec())))
    return [_of_class(dataset, seen, name) for name in STATES]


def _of_class(dataset: Dataset, seen: Sequence[Seen], name: str) -> list[PictureMatch]:
    return [match_seen(dataset, s, (name,)) for s in seen if name in s.entry.labelled]


def _print(name: str, matches: dict[str, list[list[PictureMatch]]]) -> None:
    row = _row(matches[name], matches[VARIANTS[0].name])
    aps = " | ".join(f"{value:.2f}" for value in row["ap50"])
    low, high = row["interval"]
    change = f"{row['change']:+.3f} | {low:+.3f} to {high:+.3f}"
    print(f"| {name} | {aps} | {row['mean']:.3f} | {change} |", flush=True)


def _row(found: list[list[PictureMatch]], base: list[list[PictureMatch]]) -> dict:
    """AP50 by class, their mean, and how it differs from the one with everything (95 % bootstrap
    interval over the same pictures)."""
    chance = np.random.default_rng(0)
    changes = []
    for _ in range(ROUNDS):
        drawn = [chance.integers(0, len(one), len(one)) for one in found]
        changes.append(_mean(found, drawn) - _mean(base, drawn))
    aps = [average_precision(one)[0] for one in found]
    whole = [average_precision(one)[0] for one in base]
    return {
        "ap50": aps,
        "mean": float(np.mean(aps)),
        "change": float(np.mean(aps) - np.mean(whole)),
        "interval": [float(value) for value in np.nanpercentile(changes, [2.5, 97.5])],
    }


def _mean(matches: list[list[PictureMatch]], drawn: list[np.ndarray]) -> float:
    return float(
        np.nanmean(
            [
                average_precision([one[i] for i in rows])[0]
                for one, rows in zip(matches, drawn, strict=True)
            ]
        )
    )


if __name__ == "__main__":
    main()
