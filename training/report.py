"""An evaluation as files: figures, recall by size, sheets of the worst misses and false alarms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.dataset import Dataset
from training.evaluate import Figure, Seen
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
    """Write `evaluation.json`, `misses.png` and `false_alarms.png` into `out`.

    `place` is the folder of the built dataset whose validation side was looked at.
    """
    out.mkdir(parents=True, exist_ok=True)
    sizes = recall_by_size(dataset, seen, thresholds)
    record = {
        "dataset_sha256": dataset.sha256,
        "figures": [asdict(item) for item in measured],
        "sizes": [{**asdict(item), "recall": round(item.recall, 4)} for item in sizes],
    }
    text = json.dumps(record, indent=1) + "\n"
    files = (out / "evaluation.json", out / "misses.png", out / "false_alarms.png")
    files[0].write_text(text, encoding="utf-8")
    pictures = place / "images" / "val"
    write_sheet(worst_misses(dataset, seen, thresholds), pictures, files[1])
    write_sheet(worst_false_alarms(dataset, seen, thresholds), pictures, files[2])
    return Report(files=files, sizes=tuple(sizes))
