"""Released models with their cards, candidates with the gate's report, trainings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Access
from api.auth.guard import AccessDep, IdentityDep
from api.auth.identity import Identity
from api.deps import ERRORS, ServiceDep
from api.problem import Told
from api.ui.candidates import Candidate, candidate_of, candidates, earlier_model
from api.ui.gate_reason import told_reason
from api.ui.gate_report import GateReport
from api.ui.training_run import training_runs
from detector.incidents import ConflictError, NotFoundError
from detector.inference.manifest import Manifest, read_manifest
from detector.types import ModelError, XunjieError
from training.promote import promote, rollback

router = APIRouter(prefix="/api/models", tags=["models"])
_CARD_CHARS: Final = 100_000
_EXCHANGING: Final = threading.Lock()
_TELLING: Final = frozenset({"all"})  # the origins of the figures that are shown


class TrainingSet(BaseModel):
    name: str
    pictures: int
    licence: str


class ModelFigure(BaseModel):
    """Of one class on the validation side, all origins together, with a 95 % interval."""

    name: str
    pictures: int
    labels: int
    ap50: float | None
    ap50_low: float | None
    ap50_high: float | None


class ReleasedModelCard(BaseModel):
    name: str
    version: str
    classes: list[str]
    thresholds: dict[str, float]
    threshold_rule: str
    sha256: str
    in_use: bool
    training_data: list[TrainingSet]
    figures: list[ModelFigure]
    split: str  # what the figures were measured on
    earlier: str  # version that a rollback would bring back; empty: there is none
    card: str  # Markdown


class ModelName(BaseModel):
    name: str
    version: str
    sha256: str


class CandidateCard(BaseModel):
    """`obstacle`: why it cannot be promoted, as a word; empty: it can. `reasons`: the gate's."""

    id: str
    model: ModelName
    running: ModelName | None
    gate: GateReport | None
    reasons: list[Told]
    obstacle: str
    card: str


class EpochState(BaseModel):
    number: int
    seconds: float
    losses: dict[str, float]


class RunState(BaseModel):
    """A training as its files tell: waiting, running, quiet (nothing for an hour), finished."""

    name: str
    state: str
    epochs: int
    done: list[EpochState]
    remaining_s: float | None
    written_at: datetime
    dataset_sha256: str
    start: str


class PromoteRequest(BaseModel):
    """The weights that were seen on the page: nobody promotes what has changed since."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Exchanged(BaseModel):
    """`in_use`: the service looks with it already, without having stopped; else `fault` says why
    it could not be loaded."""

    model: ModelName
    in_use: bool
    fault: Told | None


@router.get("")
def list_models(service: ServiceDep) -> list[ReleasedModelCard]:
    """Every folder of `models_folder`; one that cannot be read is left out."""
    used = {model.sha256 for model in service.detectors}
    folders = sorted(path.parent for path in service.config.models_folder.glob("*/manifest.json"))
    found = (_card(folder, used) for folder in folders)
    return [card for card in found if card is not None]


@router.get("/candidates")
def list_candidates(service: ServiceDep) -> list[CandidateCard]:
    """Every folder of `candidates_folder` that holds a release."""
    config = service.config
    return [
        _candidate(each)
        for each in candidates(config.candidates, config.runs, config.models_folder)
    ]


@router.get("/runs")
def list_runs(service: ServiceDep) -> list[RunState]:
    """Trainings in `runs_folder`, the one that wrote last first."""
    return [RunState.model_validate(asdict(run)) for run in training_runs(service.config.runs)[:50]]


@router.post("/candidates/{candidate_id}/promote", responses=ERRORS)
def promote_candidate(
    candidate_id: str,
    body: PromoteRequest,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> Exchanged:
    """Puts a candidate that the gate has passed in the running model's place."""
    config = service.config
    with _EXCHANGING:
        found = candidate_of(config.candidates, config.runs, config.models_folder, candidate_id)
        if found is None:
            raise NotFoundError(
                f"no candidate has the id {candidate_id[:100]}",
                code="no_candidate",
                id=candidate_id[:100],
            )
        if found.manifest.weights.sha256 != body.sha256:
            raise ConflictError(
                "the candidate has changed since; load the page again", code="candidate_changed"
            )
        if found.obstacle:
            raise ConflictError(
                f"cannot be promoted: {_told(found)}",
                code="not_promotable",
                obstacle=found.obstacle,
            )
        detail = {"version": found.manifest.version, "sha256": body.sha256}
        if found.running is not None:
            detail["replaces"] = found.running.weights.sha256
        # The row comes first: an exchange that nobody can be asked about must not happen.
        access.audit.add(identity, "model_promoted", found.manifest.name, detail)
        with _told_on_failure(access, identity, found.manifest.name):
            folder = promote(found.folder, config.models_folder)
            manifest = read_manifest(folder)
        return _taken_up(service, manifest)


@router.post("/{name}/rollback", responses=ERRORS)
def roll_back(
    name: str, service: ServiceDep, identity: IdentityDep, access: AccessDep
) -> Exchanged:
    """Brings back the model that was promoted over last."""
    models = service.config.models_folder
    with _EXCHANGING:
        earlier = earlier_model(models, name)
        if not earlier:
            raise NotFoundError(
                f"nothing was promoted over {name[:100]}", code="nothing_earlier", name=name[:100]
            )
        access.audit.add(identity, "model_rolled_back", name, {"to": earlier})
        with _told_on_failure(access, identity, name):
            manifest = rollback(name, models)
        return _taken_up(service, manifest)


@router.post("/reload", responses=ERRORS)
def reload_models(service: ServiceDep, identity: IdentityDep, access: AccessDep) -> list[str]:
    """Takes up what was exchanged on disk, by the command line for one; returns the weights that
    are in use then."""
    with _EXCHANGING:
        service.reload_models()
        used = [model.sha256 for model in service.detectors]
        access.audit.add(identity, "models_reloaded", "", {"sha256": used})
        return used


@contextmanager
def _told_on_failure(access: Access, identity: Identity, name: str) -> Iterator[None]:
    """An exchange that failed left the running model where it was; the log says so."""
    try:
        yield
    except (ModelError, OSError) as error:
        access.audit.add(identity, "model_exchange_failed", name, {"why": str(error)[:500]})
        why = error if isinstance(error, ModelError) else str(error)
        raise ModelError(
            f"{name}: not exchanged: {error}", code="model_not_exchanged", name=name, why=why
        ) from error


def _taken_up(service: ServiceDep, manifest: Manifest) -> Exchanged:
    """What stands on disk now; the service takes it up, or goes on with what it had."""
    fault = None
    try:
        service.reload_models()
    except XunjieError as error:
        fault = Told(**error.told())
    used = {model.sha256 for model in service.detectors}
    return Exchanged(model=_named(manifest), in_use=bool(manifest.all_sha256 & used), fault=fault)


def _told(found: Candidate) -> str:
    reasons = found.gate.reasons if found.gate is not None else ()
    return "; ".join(reasons) if found.obstacle == "refused" else found.obstacle.replace("_", " ")


def _candidate(found: Candidate) -> CandidateCard:
    return CandidateCard(
        id=found.id,
        model=_named(found.manifest),
        running=_named(found.running) if found.running else None,
        gate=found.gate,
        reasons=[told_reason(each) for each in found.gate.reasons] if found.gate else [],
        obstacle=found.obstacle,
        card=_text(found.folder / "card.md"),
    )


def _named(manifest: Manifest) -> ModelName:
    return ModelName(name=manifest.name, version=manifest.version, sha256=manifest.weights.sha256)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")[:_CARD_CHARS]
    except (OSError, UnicodeDecodeError):
        return ""


def _card(folder: Path, used: set[str]) -> ReleasedModelCard | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        sha256 = manifest["weights"]["sha256"]
        small = (manifest.get("int8") or {}).get("weights", {}).get("sha256")
        return ReleasedModelCard(
            name=manifest["name"],
            version=manifest["version"],
            classes=manifest["classes"],
            thresholds=manifest.get("thresholds", {}),
            threshold_rule=manifest.get("threshold_rule", ""),
            sha256=sha256,
            in_use=bool({sha256, small} & used),
            training_data=[
                TrainingSet(
                    name=each["name"], pictures=each["pictures"], licence=each.get("licence", "")
                )
                for each in manifest.get("training_data", [])
            ],
            figures=[
                _figure(each)
                for each in manifest.get("metrics", {}).get("figures", [])
                if each["origin"] in _TELLING
            ],
            split=manifest.get("metrics", {}).get("split", ""),
            earlier=earlier_model(folder.parent, folder.name),
            card=_text(folder / "card.md"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _figure(raw: dict[str, Any]) -> ModelFigure:
    return ModelFigure(
        name=raw["name"],
        pictures=raw["pictures"],
        labels=raw["labels"],
        ap50=raw.get("ap50"),
        ap50_low=raw.get("ap50_low"),
        ap50_high=raw.get("ap50_high"),
    )
