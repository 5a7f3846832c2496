"""A gate's report as it lies in a candidate's folder. Read without any training library."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

FILE: Final = "gate.json"
_MOST_BYTES: Final = 2_000_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class GateModel(_Part):
    """One of the two models that were compared."""

    name: str
    version: str
    sha256: str  # of its weights


class GateFigure(_Part):
    """One figure of both models with 95 % intervals; `low` to `high` is candidate minus running,
    where both were measured on the same pictures."""

    name: str = Field(validation_alias=AliasChoices("violation", "name"))
    """A class, several joined by +, or a violation."""

    figure: str
    side: str = "clips"  # frozen, newest or learned pictures, else clips through the rules
    labels: int | None = None
    pictures: int | None = None
    hours: float | None = None
    incidents: int | None = None
    running: float | None
    running_low: float | None = None
    running_high: float | None = None
    candidate: float | None
    candidate_low: float | None = None
    candidate_high: float | None = None
    low: float | None = None
    high: float | None = None
    decides: bool = True  # False: too few labels
    better: str = ""  # higher or lower
    worse: bool = False
    note: str = ""


class GateReport(_Part):
    """What the gate said of a candidate beside the model that was running then."""

    format: int = Field(ge=1, le=1)
    passed: bool
    made_at: datetime
    reasons: tuple[str, ...] = ()
    running: GateModel
    candidate: GateModel
    dataset_sha256: str = ""
    comparisons: tuple[GateFigure, ...] = ()
    false_alarms: tuple[GateFigure, ...] = ()
    recalls: tuple[GateFigure, ...] = ()
    incidents: tuple[GateFigure, ...] = ()


def read_gate_report(folder: Path) -> GateReport | None:
    """None: there is none, or none that can be read."""
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        return GateReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
