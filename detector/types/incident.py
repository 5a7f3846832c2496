"""The persistent record of one violation at one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from detector.types.place import Place


class IncidentStatus(StrEnum):
    OPEN = "open"
    CLEARED = "cleared"


class VerdictAnswer(StrEnum):
    """`pending` until an operator answers."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Identity is (violation, place, time window), never a track id."""

    id: UUID
    violation: str
    subtype: str
    source_id: str
    place: Place
    class_name: str
    status: IncidentStatus
    verdict: VerdictAnswer
    urgent: bool
    score: float
    first_seen_at: datetime
    opened_at: datetime
    last_seen_at: datetime
    cleared_at: datetime | None
    reopened: int  # how often it came back within the reopening window
    reason: str
    coverage_text: str
    rule_version: str
    model_sha256: tuple[str, ...]
    clock: str
    case_id: UUID | None
