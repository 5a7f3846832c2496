"""Model folders, made here: manifests that are sound around weights that are none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.api.city import CLASSES


def weights_of(version: str) -> bytes:
    return f"weights {version}".encode()


def sha256_of(version: str) -> str:
    return hashlib.sha256(weights_of(version)).hexdigest()


def write_model(folder: Path, version: str) -> Path:
    """A release of the model `street` with all classes of the test city."""
    folder.mkdir(parents=True)
    (folder / "weights.onnx").write_bytes(weights_of(version))
    (folder / "card.md").write_text(f"# street {version}\n\nMade up.\n", encoding="utf-8")
    figure = {"pictures": 90, "labels": 40, "ap50_95": 0.4, "recall_at_01": 0.5}
    manifest = {
        "format": 1,
        "name": "street",
        "version": version,
        "classes": list(CLASSES),
        "input": {"width_px": 64, "height_px": 64},
        "thresholds": dict.fromkeys(CLASSES, 0.5),
        "weights": {"file": "weights.onnx", "sha256": sha256_of(version)},
        "metrics": {
            "split": "validation side",
            "figures": [
                {
                    **figure,
                    "name": name,
                    "origin": "all",
                    "ap50": 0.62,
                    "ap50_low": 0.51,
                    "ap50_high": 0.7,
                }
                for name in ("stall", "cart", "person")
            ],
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def write_gate(folder: Path, candidate: str, running: str, *reasons: str) -> None:
    """The gate's report on the candidate; without reasons it has passed."""
    report = {
        "format": 1,
        "made_at": "2026-05-04T02:00:00+00:00",
        "passed": not reasons,
        "reasons": list(reasons),
        "running": {"name": "street", "version": running, "sha256": sha256_of(running)},
        "candidate": {"name": "street", "version": candidate, "sha256": sha256_of(candidate)},
        "dataset_sha256": "ab" * 32,
        "comparisons": [_picture("stall", "AP50", 0.62, 0.68), _picture("cart", "AP50", 0.57, 0.6)],
        "false_alarms": [_picture("stall", "false alarms a picture", 0.08, 0.05, "lower")],
        "incidents": [
            _clip("false incidents a camera-hour", 0.9, 0.4, "lower"),
            _clip("share of incidents found", 0.8, 0.9, "higher"),
            {**_clip("seconds to incident", 312.0, None, "lower"), "candidate_low": None},
        ],
    }
    (folder / "gate.json").write_text(json.dumps(report), encoding="utf-8")


def write_run(folder: Path, *, epochs: int, done: int, finished: bool = False) -> None:
    """A training that has come so far."""
    (folder / "run").mkdir(parents=True)
    config = {"epochs": epochs, "start": "models/street", "dataset_sha256": "cd" * 32}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    lines = ["epoch,time,train/box_loss,train/cls_loss,train/dfl_loss"]
    lines += [f"{n},{n * 60.0},{2 / n + 0.8:.4f},{3 / n + 0.6:.4f},1.2" for n in range(1, done + 1)]
    (folder / "run" / "results.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if finished:
        (folder / "done").write_text("", encoding="utf-8")


def _picture(
    name: str, figure: str, running: float, candidate: float, better: str = "higher"
) -> dict[str, Any]:
    return {
        "name": name,
        "figure": figure,
        "origin": "frozen",
        "side": "frozen",
        "pictures": 90,
        "labels": 40,
        **_values(running, candidate),
        "low": candidate - running - 0.05,
        "high": candidate - running + 0.05,
        "decides": True,
        "better": better,
        "worse": False,
    }


def _clip(figure: str, running: float, candidate: float | None, better: str) -> dict[str, Any]:
    values = _values(running, candidate if candidate is not None else 0)
    return {
        "violation": "vendor",
        "name": f"vendor: {figure}",
        "figure": figure,
        "hours": 2.5,
        "incidents": 9,
        **values,
        "candidate": candidate,
        "better": better,
        "worse": False,
        "note": "",
    }


def _values(running: float, candidate: float) -> dict[str, float]:
    return {
        "running": running,
        "running_low": running * 0.85,
        "running_high": running * 1.15,
        "candidate": candidate,
        "candidate_low": candidate * 0.85,
        "candidate_high": candidate * 1.15,
    }
