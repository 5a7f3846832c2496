"""How a training is getting on, told by the files that it writes."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final

_FILES: Final = ("config.json", "progress.json", "run/results.csv", "done")
_QUIET_S: Final = 3600.0
_LOSSES: Final = ("train/box_loss", "train/cls_loss", "train/dfl_loss")
_MOST_EPOCHS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One pass over the training pictures."""

    number: int  # from 1
    seconds: float  # since the run began
    losses: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """`state`: waiting (no epoch yet), running, quiet (nothing written for an hour), finished."""

    name: str
    state: str
    epochs: int  # as configured
    done: tuple[Epoch, ...]
    remaining_s: float | None  # at the pace so far; None: not known, or nothing remains
    written_at: datetime  # when the run last wrote anything
    dataset_sha256: str
    start: str  # what it began from: the last part of the path


def training_runs(folder: Path) -> list[TrainingRun]:
    """Every run in the folder, the one that wrote last first; what is no run is left out."""
    runs = [run for path in _folders(folder) if (run := _read(path)) is not None]
    return sorted(runs, key=lambda run: run.written_at, reverse=True)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path.parent for path in folder.glob("*/config.json"))


def _read(folder: Path) -> TrainingRun | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        total = int(config["epochs"])
        files = [folder / name for name in _FILES]
        written_s = max(path.stat().st_mtime for path in files if path.exists())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    done = tuple(_epochs(folder / "run" / "results.csv"))
    finished = (folder / "done").exists()
    return TrainingRun(
        name=folder.name,
        state=_state(finished, bool(done), time.time() - written_s),
        epochs=total,
        done=done,
        remaining_s=None if finished else _remaining_s(folder, done, total),
        written_at=datetime.fromtimestamp(written_s, UTC),
        dataset_sha256=str(config.get("dataset_sha256", "")),
        start=Path(str(config.get("start", ""))).name,
    )


def _state(finished: bool, begun: bool, silent_s: float) -> str:
    if finished:
        return "finished"
    if silent_s > _QUIET_S:
        return "quiet"
    return "running" if begun else "waiting"


def _remaining_s(folder: Path, done: tuple[Epoch, ...], total: int) -> float | None:
    """As the run itself says; else by the mean of its last five epochs."""
    try:
        told = json.loads((folder / "progress.json").read_text(encoding="utf-8"))["left_s"]
        return max(0.0, float(told))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if not done:
        return None
    times = [0.0, *(epoch.seconds for epoch in done)][-6:]
    return max(0.0, (times[-1] - times[0]) / (len(times) - 1) * (total - done[-1].number))


def _epochs(path: Path) -> Iterator[Epoch]:
    """A last line that is half written is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return
    for row in list(csv.DictReader(text.splitlines()))[:_MOST_EPOCHS]:
        epoch = _epoch({str(k).strip(): v for k, v in row.items()})
        if epoch is not None:
            yield epoch


def _epoch(row: dict[str, Any]) -> Epoch | None:
    try:
        losses = {name.removeprefix("train/"): float(row[name]) for name in _LOSSES if name in row}
        seconds = float(row["time"])
        if not isfinite(seconds) or not losses or not all(map(isfinite, losses.values())):
            return None
        return Epoch(number=int(row["epoch"]), seconds=seconds, losses=losses)
    except (KeyError, TypeError, ValueError):
        return None
