"""Releases that wait for a decision, and what the running models replaced."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.ui.gate_report import GateReport, read_gate_report
from detector.inference.manifest import Manifest, read_manifest
from detector.types import ModelError

_NAME: Final = re.compile(r"[\w.\-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release beside the running ones. `obstacle` says why it cannot be promoted now."""

    id: str  # its folder's name, or run.NAME
    folder: Path
    manifest: Manifest
    gate: GateReport | None
    running: Manifest | None  # of the same name; None: nothing runs under it yet
    obstacle: str  # a key of the pages' texts; empty: it can be promoted


def candidates(folder: Path, runs: Path, models: Path) -> list[Candidate]:
    """Every readable one: in the folder, and those that trainings have made. Damaged ones are left
    out."""
    found = (_candidate(name, path, models) for name, path in _places(folder, runs).items())
    return [candidate for candidate in found if candidate is not None]


def candidate_of(folder: Path, runs: Path, models: Path, name: str) -> Candidate | None:
    """The one of that id."""
    path = _places(folder, runs).get(name)
    return _candidate(name, path, models) if path is not None else None


def earlier_model(models: Path, name: str) -> str:
    """Which version a rollback would bring back; empty: there is none."""
    kept = models / ".history" / name
    if not _NAME.fullmatch(name) or not kept.is_dir():
        return ""
    numbered = sorted(path.name for path in kept.glob("[0-9][0-9][0-9][0-9]-*"))
    return numbered[-1].split("-", 1)[1].rpartition("-")[0] if numbered else ""


def _places(folder: Path, runs: Path) -> dict[str, Path]:
    """Folder by id. What a training made stands in the run's own folder."""
    own = sorted(path.parent for path in folder.glob("*/manifest.json"))
    made = sorted(path.parent for path in runs.glob("*/candidate/manifest.json"))
    return {path.name: path for path in own} | {f"run.{path.parent.name}": path for path in made}


def _candidate(name: str, folder: Path, models: Path) -> Candidate | None:
    try:
        manifest = read_manifest(folder)
    except ModelError:
        return None
    running = _running(models / manifest.name)
    gate = read_gate_report(folder)
    return Candidate(
        id=name,
        folder=folder,
        manifest=manifest,
        gate=gate,
        running=running,
        obstacle=_obstacle(manifest, gate, running),
    )


def _running(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ModelError:
        return None


def _obstacle(manifest: Manifest, gate: GateReport | None, running: Manifest | None) -> str:
    if running is None:
        return "not_running"
    if running.weights.sha256 == manifest.weights.sha256:
        return "runs_already"
    if gate is None:
        return "no_gate"
    if gate.candidate.sha256 != manifest.weights.sha256:
        return "gate_of_others"
    if gate.running.sha256 != running.weights.sha256:
        return "gate_outdated"
    return "" if gate.passed else "refused"
