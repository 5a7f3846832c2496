"""The gate's verdict as files: `gate.json` beside the candidate, and text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from detector.inference import BackendName, load_model
from detector.inference.manifest import Manifest
from detector.types import Detector
from detector.types.taxonomy import VENDOR_CLASSES
from training.comparison import AP50, FALSE_ALARMS, RECALL, GateRule
from training.gate import Verdict, class_reasons, judge
from training.gate_clip import GateClip, Remembered, replayed, rules_for
from training.incident_figures import IncidentFigure, incident_figures
from training.released import released_manifest

FILE: Final = "gate.json"
FORMAT: Final = 1


def ask_gate(candidate: Path, running: Path, dataset: Path, clips: Sequence[GateClip]) -> Verdict:
    """Judge, and write `gate.json` into the candidate's folder.

    The other models beside the running one take part in the replays, as they do in the service.
    """
    manifest = released_manifest(candidate)
    merged = VENDOR_CLASSES if set(VENDOR_CLASSES) <= set(manifest.classes) else ()
    figures: tuple[IncidentFigure, ...] = ()
    if clips and not class_reasons(running, candidate):
        figures = replays_of(candidate, running, clips)
    verdict = judge(running, candidate, dataset, GateRule(merged=merged), figures)
    record = gate_record(verdict, released_manifest(running), manifest)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (candidate / FILE).write_text(text, encoding="utf-8")
    return verdict


def replays_of(
    candidate: Path, running: Path, clips: Sequence[GateClip]
) -> tuple[IncidentFigure, ...]:
    """Incident figures of both on the same clips."""
    rules = rules_for(released_manifest(candidate).classes)
    if not rules:
        return ()
    others = [Remembered(_loaded(folder)) for folder in _beside(running)]
    sides = [[_loaded(folder), *others] for folder in (running, candidate)]
    old, new = ([replayed(clip, models, rules) for clip in clips] for models in sides)
    return incident_figures(old, new)


def gate_record(verdict: Verdict, running: Manifest, candidate: Manifest) -> dict[str, Any]:
    """As it stands in `gate.json`."""
    rows = [{**asdict(item), "better": item.better} for item in verdict.comparisons]
    for row, item in zip(rows, verdict.comparisons, strict=True):
        row |= {"origin": item.side, "worse": item.worse and item.decides}
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "passed": verdict.passed,
        "reasons": list(verdict.reasons),
        "running": _named(running),
        "candidate": _named(candidate),
        "dataset_sha256": verdict.dataset_sha256,
        "comparisons": [row for row in rows if row["figure"] == AP50],
        "false_alarms": [row for row in rows if row["figure"] == FALSE_ALARMS],
        "recalls": [row for row in rows if row["figure"] == RECALL],
        "rejections": [
            {**asdict(item), "contradicts": item.contradicts} for item in verdict.rejections
        ],
        "incidents": [
            {
                **asdict(item),
                "name": f"{item.violation}: {item.figure}",
                "note": f"running {_value(item.running_low)}-{_value(item.running_high)}, "
                f"candidate {_value(item.candidate_low)}-{_value(item.candidate_high)} "
                f"(95 %), {item.hours} h of clips",
            }
            for item in verdict.incidents
        ],
    }


def gate_lines(verdict: Verdict) -> list[str]:
    """Both models side by side, for people."""
    lines = [
        f"{item.side:7} {item.name:26} {item.figure:22} labels {item.labels:4} "
        f"running {item.running:.3f} ({item.running_low:.3f}-{item.running_high:.3f}) "
        f"candidate {item.candidate:.3f} ({item.candidate_low:.3f}-{item.candidate_high:.3f}) "
        f"difference {item.low:+.3f} to {item.high:+.3f}"
        + ("" if item.decides else "; too few labels to decide")
        + ("; WORSE" if item.decides and item.worse else "")
        for item in verdict.comparisons
    ]
    lines += [
        f"learned {item.name:26} {item.places} places rejected by {item.by}, "
        f"{item.still_found} still found; apart from {item.labels} labels by "
        f"{item.apart:.2f} ({item.low:.2f}-{item.high:.2f})"
        + ("" if item.decides else "; too few to decide")
        + ("; CONTRADICT" if item.contradicts else "")
        for item in verdict.rejections
    ]
    lines += [
        f"clips   {item.violation:26} {item.figure}: running {_value(item.running)} "
        f"({_value(item.running_low)}-{_value(item.running_high)}) "
        f"candidate {_value(item.candidate)} "
        f"({_value(item.candidate_low)}-{_value(item.candidate_high)}), "
        f"{item.hours} h" + ("; WORSE" if item.worse else "")
        for item in verdict.incidents
    ]
    return [*lines, "passed" if verdict.passed else "refused: " + "; ".join(verdict.reasons)]


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _named(manifest: Manifest) -> dict[str, str]:
    return {
        "name": manifest.name,
        "version": manifest.version,
        "sha256": manifest.weights.sha256,
    }


def _beside(running: Path) -> list[Path]:
    folders = sorted(path.parent for path in running.parent.glob("*/manifest.json"))
    return [
        folder
        for folder in folders
        if folder.resolve() != running.resolve() and rules_for(released_manifest(folder).classes)
    ]


def _loaded(folder: Path) -> Detector:
    return load_model(folder, backend=BackendName.AUTO)
