"""An evaluation as files: figures, recall by size, curves, confusion, sheets of the worst."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.confusion import confusion
from training.dataset import Dataset
from training.evaluate import Figure, Seen
from training.plots import write_confusion, write_curves
from training.sheet import write_sheet
from training.sizes import SizeRecall, recall_by_size, worst_false_alarms, worst_misses


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was written, and the sizes for showing."""

    files: tuple[Path, ...]
    sizes: tuple[SizeRecall, ...]


def write_report(
    place: Path,
    dataset: Dataset,
    seen: Sequence[Seen],
    measured: Sequence[Figure],
    thresholds: dict[str, float],
    out: Path,
) -> Report:
    """Write `evaluation.json`, `misses.png`, `false_alarms.png`, `precision_recall.png` and
    `confusion.png` into `out`.

    `place` is the folder of the built dataset whose validation side was looked at.
    """
    out.mkdir(parents=True, exist_ok=True)
    table = confusion(dataset, seen, thresholds)
    sizes = recall_by_size(dataset, seen, thresholds)
    record: dict[str, Any] = {
        "dataset_sha256": dataset.sha256,
        "figures": [asdict(item) for item in measured],
        "sizes": [{**asdict(item), "recall": round(item.recall, 4)} for item in sizes],
        "confusion": {"classes": [*dataset.classes, "nothing"], "counts": table.tolist()},
    }
    text = json.dumps(record, indent=1) + "\n"
    names = ("misses", "false_alarms", "precision_recall", "confusion")
    files = (out / "evaluation.json", *(out / f"{name}.png" for name in names))
    files[0].write_text(text, encoding="utf-8")
    pictures = place / "images" / "val"
    write_sheet(worst_misses(dataset, seen, thresholds), pictures, files[1])
    write_sheet(worst_false_alarms(dataset, seen, thresholds), pictures, files[2])
    write_curves(dataset, seen, files[3])
    write_confusion(dataset, table, files[4])
    return Report(files=files, sizes=tuple(sizes))
