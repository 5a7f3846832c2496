"""An outcome as JSON, as a destination sends it over a queue."""

from __future__ import annotations

import hashlib
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from detector.incidents.errors import OutcomeError
from detector.incidents.outcome import OutcomeKind
from detector.incidents.sinks.remote_outcome import RemoteOutcome


class OutcomeMessage(BaseModel):
    """E.g. {"case_id": "…", "outcome": "refused", "reason": "not our street", "id": "r-17"}."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    case_id: UUID
    outcome: OutcomeKind
    reason: str = Field(default="", max_length=1000)
    id: str | None = Field(default=None, min_length=1, max_length=300)
    """Names this word: told again under the same id, it counts once."""

    remote_id: str | None = Field(default=None, max_length=300)
    at: AwareDatetime | None = None


def remote_outcome(body: bytes, message_id: str | None = None) -> RemoteOutcome:
    """Raises OutcomeError that names the field."""
    try:
        message = OutcomeMessage.model_validate_json(body)
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise OutcomeError(f"an outcome cannot be read: {'; '.join(lines)}") from error
    return RemoteOutcome(
        case_id=message.case_id,
        kind=message.outcome,
        key=message.id or message_id or hashlib.sha256(body).hexdigest(),
        reason=message.reason,
        remote_id=message.remote_id,
        at=message.at,
    )
