"""Released models with their cards."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ServiceDep

router = APIRouter(prefix="/api/models", tags=["models"])
_CARD_CHARS = 100_000


class TrainingSet(BaseModel):
    name: str
    pictures: int
    licence: str


class ReleasedModelCard(BaseModel):
    name: str
    version: str
    classes: list[str]
    thresholds: dict[str, float]
    threshold_rule: str
    sha256: str
    in_use: bool
    training_data: list[TrainingSet]
    card: str  # Markdown


@router.get("")
def list_models(service: ServiceDep) -> list[ReleasedModelCard]:
    """Every folder of `models_folder`; one that cannot be read is left out."""
    used = {model.sha256 for model in service.detectors}
    folders = sorted(path.parent for path in service.config.models_folder.glob("*/manifest.json"))
    found = (_card(folder, used) for folder in folders)
    return [card for card in found if card is not None]


def _card(folder: Path, used: set[str]) -> ReleasedModelCard | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        card = folder / "card.md"
        sha256 = manifest["weights"]["sha256"]
        return ReleasedModelCard(
            name=manifest["name"],
            version=manifest["version"],
            classes=manifest["classes"],
            thresholds=manifest.get("thresholds", {}),
            threshold_rule=manifest.get("threshold_rule", ""),
            sha256=sha256,
            in_use=sha256 in used,
            training_data=[
                TrainingSet(
                    name=each["name"], pictures=each["pictures"], licence=each.get("licence", "")
                )
                for each in manifest.get("training_data", [])
            ],
            card=card.read_text(encoding="utf-8")[:_CARD_CHARS] if card.is_file() else "",
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
