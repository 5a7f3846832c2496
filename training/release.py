"""A finished run becomes a release: checkpoint, ONNX, figures, thresholds, manifest, card."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from detector.inference.manifest import MirroredSpec, NmsSpec, SmallerSpec
from detector.inference.reading import Reading
from detector.types.taxonomy import MODEL_CLASSES, VENDOR_CLASSES, classes_of
from training.checkpoint import TENSORS, load_run, save_checkpoint
from training.dataset import Dataset
from training.evaluate import Figure, Seen, figures, look
from training.export import export_onnx
from training.half_weights import store_half
from training.manifest import (
    DataRef,
    FileRef,
    InputSpec,
    Manifest,
    Metrics,
    MirroredRule,
    SmallerRule,
    Suppression,
    write_manifest,
)
from training.predict import OnnxModel
from training.thresholds import ThresholdRule, choose_thresholds

LARGEST_BYTES: Final = 25_000_000
"""Weights beyond this are stored in half precision."""

MIRRORED: Final = {"street": MirroredSpec(classes=(*VENDOR_CLASSES, "parasol"))}
SMALLER: Final = {"covers": SmallerSpec(classes=classes_of("covers"))}
"""By model; what they bring: docs/models.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseConfig:
    """What is released, and from where."""

    name: str  # model name in the taxonomy
    version: str  # date, year.month.day
    run: Path  # checkpoint of the finished training
    dataset: Path  # the built dataset it was trained on; its validation side is measured
    out: Path  # the release's folder
    width_px: int  # input size of the released model
    height_px: int
    max_side_px: int = 1280  # as the dataset was built
    merged: tuple[str, ...] = ()  # classes also measured as one
    mirrored: MirroredSpec | None = None
    smaller: SmallerSpec | None = None
    limits: str = ""  # what the model cannot see, for the card
    build_options: str = ""  # further options of `dataset build`, for the card
    measured: Path | None = None  # checkpoint that never saw the validation side, when `run` did
    rule: ThresholdRule = ThresholdRule()  # noqa: RUF009  (frozen, without state)
    least_thresholds: dict[str, float] | None = None  # of the running model: never below these


def release(config: ReleaseConfig) -> Manifest:
    """Write every file of the release and return its manifest."""
    network, classes = load_run(config.run)
    save_checkpoint(network, classes, config.out)
    weights, precision = export_onnx(config.out), "fp32"
    if weights.stat().st_size > LARGEST_BYTES:
        store_half(weights)
        precision = "fp16"
    write_training_record(config)
    dataset, seen = look_honestly(config, weights)
    measured = figures(dataset, seen, config.merged)
    manifest = Manifest(
        name=config.name,
        version=config.version,
        classes=classes,
        input=InputSpec(width_px=config.width_px, height_px=config.height_px),
        nms=Suppression(**suppression_of(config).model_dump()),
        mirrored=MirroredRule(**config.mirrored.model_dump()) if config.mirrored else None,
        smaller=SmallerRule(**config.smaller.model_dump()) if config.smaller else None,
        thresholds=thresholds_of(config, dataset, seen),
        threshold_rule=threshold_text(config),
        weights=_file(weights, precision),
        checkpoint=_file(config.out / TENSORS, "fp16"),
        training_data=_data(dataset),
        dataset_sha256=dataset.sha256,
        metrics=Metrics(split=split_text(config), figures=tuple(measured)),
        reproduce=reproduce_text(config),
    )
    write_manifest(manifest, config.out)
    text = card(config, size_of(network), manifest, measured)
    (config.out / "card.md").write_text(text, encoding="utf-8")
    return manifest


def size_of(network: Any) -> str:
    """`n` or `s`, by the number of weights (3 and 11 million)."""
    return "n" if sum(p.numel() for p in network.parameters()) < 6_000_000 else "s"


def thresholds_of(config: ReleaseConfig, dataset: Dataset, seen: list[Seen]) -> dict[str, float]:
    """By the rule. With a running model: as low as the false alarms allow, but not below its
    thresholds, and its own for a class of which the validation side tells too little. What it
    trades in precision for recall somebody has decided for it: an urgent class may stand lower."""
    least = config.least_thresholds or {}
    rule = replace(config.rule, precision=0.0) if least else config.rule
    chosen = choose_thresholds(dataset, seen, rule)
    labels = Counter(
        dataset.classes[box.class_id]
        for item in seen
        for box in item.boxes
        if box.class_id < len(dataset.classes)
    )
    told = {name: value for name, value in chosen.items() if labels[name] >= config.rule.labels}
    return {
        name: max(told.get(name, 0.0), least[name]) if name in least else value
        for name, value in chosen.items()
    }


def threshold_text(config: ReleaseConfig) -> str:
    """The rule in words."""
    told = set(VENDOR_CLASSES) <= set(classes_of(config.name))
    alike = "; one vendor class seen where another is labelled is no false alarm" if told else ""
    if config.least_thresholds is None:
        return f"{config.rule}{alike}"
    rule = replace(config.rule, precision=0.0)
    return f"{rule}; not below the running model's, and its own in place of {rule.fallback}{alike}"


def look_honestly(config: ReleaseConfig, weights: Path) -> tuple[Dataset, list[Seen]]:
    """What weights that never saw the validation side say of it."""
    classes, nms = classes_of(config.name), suppression_of(config)
    reading = Reading.told(classes, nms, config.mirrored, config.smaller)
    how = (config.width_px, config.height_px, reading)
    if config.measured is None:
        return look(config.dataset, OnnxModel(weights, *how))
    with tempfile.TemporaryDirectory() as folder:
        network, classes = load_run(config.measured)
        save_checkpoint(network, classes, Path(folder))
        return look(config.dataset, OnnxModel(export_onnx(Path(folder)), *how))


def suppression_of(config: ReleaseConfig) -> NmsSpec:
    """Boxes of several classes, unless some are also measured as one: such a box would count twice.
    Things overlap less than people in a crowd, each of whom has to be masked.

    What it brings: docs/models.md.
    """
    iou = 0.6 if "person" in MODEL_CLASSES.get(config.name, ()) else 0.5
    return NmsSpec(iou=iou, multi_label=not config.merged)


def split_text(config: ReleaseConfig) -> str:
    """Which weights were measured on which pictures."""
    if config.measured is None:
        return "validation side, whole sites held out"
    return (
        "validation side, whole sites held out; measured before the last epochs, "
        "in which the released weights also learned from these pictures"
    )


def reproduce_text(config: ReleaseConfig) -> str:
    """The commands that lead to the figures."""
    build = (
        f"python -m training dataset build {config.name} DATASET "
        f"--max-side-px {config.max_side_px}{config.build_options and ' ' + config.build_options}"
    )
    if config.measured is None:
        return f"{build} && python -m training evaluate models/{config.name} --dataset DATASET"
    return f"{build} && python -m training train train.json, then evaluate that run"


def write_training_record(config: ReleaseConfig) -> None:
    """`train.json` beside the card: the configuration, its paths as placeholders."""
    # The last epoch lies in `run/weights/` of the training's folder, blended weights in the folder.
    records = (folder / "config.json" for folder in config.run.parents[:3])
    record = next((path for path in records if path.is_file()), None)
    if record is None:
        return
    values = json.loads(record.read_text(encoding="utf-8"))
    values.pop("dataset_sha256", None)
    start = Path(values["start"])
    named = start.name if start.suffix == ".pt" else f"models/{start.name}"
    values |= {"dataset": "DATASET", "start": named, "out": "RUN"}
    text = json.dumps(values, indent=1) + "\n"
    (config.out / "train.json").write_text(text, encoding="utf-8")


def card(config: ReleaseConfig, size: str, manifest: Manifest, measured: list[Figure]) -> str:
    """The release's card in Markdown."""
    lines = [
        f"# {config.name} {manifest.version}",
        "",
        f"YOLOv8{size}, input {config.width_px}×{config.height_px}; "
        f"classes: {', '.join(manifest.classes)}.",
        "Licence of the weights: AGPL-3.0-or-later.",
        "",
        "## Data",
        "",
        "| set | training pictures | licence |",
        "|---|---|---|",
        *(f"| {d.name} | {d.pictures} | {d.licence} |" for d in manifest.training_data),
        "",
        f"Dataset sha256: `{manifest.dataset_sha256}`.",
        "",
        "## Figures",
        "",
        f"Measured on: {manifest.metrics.split}.",
        "95 % bootstrap intervals over pictures. Recall is at 0.1 false alarms a picture.",
        "",
        "| class | origin | pictures | labels | AP50 | 95 % | AP50-95 | recall at 0.1 |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {f.name} | {f.origin} | {f.pictures} | {f.labels} | {f.ap50:.2f} "
            f"| {f.ap50_low:.2f}–{f.ap50_high:.2f} | {f.ap50_95:.2f} | {f.recall_at_01:.2f} |"
            for f in measured
        ),
        "",
        f"Reproduce: `{manifest.reproduce}`",
        "",
        "## Thresholds",
        "",
        f"Rule: {manifest.threshold_rule}.",
        "",
        *(f"- {name}: {value}" for name, value in manifest.thresholds.items()),
        "",
        "## What it cannot see",
        "",
        config.limits,
        "",
    ]
    return "\n".join(lines)


def _file(path: Path, precision: str) -> FileRef:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return FileRef(file=path.name, sha256=digest, precision=precision)


def _data(dataset: Dataset) -> tuple[DataRef, ...]:
    counts = Counter(entry.set_name for entry in dataset.entries if entry.split == "train")
    return tuple(
        DataRef(name=name, pictures=counts[name], licence=licence)
        for name, licence in dataset.licences.items()
    )
