"""A finished training becomes a candidate for the running model's place, and the gate is asked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from detector.types.taxonomy import VENDOR_CLASSES
from training.dataset import read_dataset
from training.gate import Verdict
from training.gate_clip import GateClip
from training.gate_report import ask_gate
from training.release import MIRRORED, SMALLER, ReleaseConfig, release
from training.released import released_manifest
from training.train import TrainConfig

FOLDER = "candidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release that waits for promotion."""

    folder: Path
    verdict: Verdict | None  # None: no model is running that it could be compared with


def make_candidate(
    config: TrainConfig, checkpoint: Path, running: Path, clips: Sequence[GateClip]
) -> Candidate:
    """Release the run into `<run>/candidate` and ask the gate.

    It gets the running model's input size, and thresholds that are not below that model's.
    """
    folder = config.out / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier try
    name = read_dataset(config.dataset).model
    known = released_manifest(running) if (running / "manifest.json").is_file() else None
    side = config.width_px
    release(
        ReleaseConfig(
            name=name,
            version=f"{datetime.now(UTC):%Y.%m.%d.%H%M}",
            run=checkpoint,
            dataset=config.dataset,
            out=folder,
            width_px=known.input.width_px if known else side,
            height_px=known.input.height_px if known else side,
            merged=VENDOR_CLASSES if name == "street" else (),
            mirrored=known.mirrored if known else MIRRORED.get(name),  # thresholds depend on it
            smaller=known.smaller if known else SMALLER.get(name),
            least_thresholds=dict(known.thresholds) if known else None,
            limits="A candidate: `gate.json` says how it compares with the running model.",
        )
    )
    verdict = ask_gate(folder, running, config.dataset, clips) if known else None
    return Candidate(folder=folder, verdict=verdict)
