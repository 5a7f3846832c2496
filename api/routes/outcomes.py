"""What other systems say of a case later: accepted, refused, handled, closed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.guard import IdentityDep
from api.deps import ERRORS, RecordsDep, ServiceDep
from detector.incidents import Outcome, OutcomeKind

router = APIRouter(prefix="/api/cases", tags=["outcomes"], responses=ERRORS)


class OutcomeRequest(BaseModel):
    """One word of a destination about one case. A refusal needs a reason."""

    model_config = ConfigDict(extra="forbid")

    outcome: OutcomeKind
    destination: str | None = Field(default=None, min_length=1, max_length=100)
    """Who says so; by default whoever asks."""

    reason: str = Field(default="", max_length=1000)
    remote_id: str | None = Field(default=None, max_length=300)
    at: AwareDatetime | None = None
    """When it happened there."""


@router.get("/{case_id}/outcomes")
def list_outcomes(case_id: UUID, records: RecordsDep) -> list[Outcome]:
    """What was said of a case, oldest first."""
    records.queries.case(case_id)
    return list(records.outcomes.outcomes(case_id))


@router.post("/{case_id}/outcome", responses={422: {"description": "Incomplete"}})
def post_outcome(
    case_id: UUID,
    request: OutcomeRequest,
    service: ServiceDep,
    identity: IdentityDep,
    idempotency_key: Annotated[str | None, Header(max_length=300)] = None,
) -> Outcome:
    """Takes an outcome; the same one again, by its Idempotency-Key, counts once."""
    outcome = service.records.outcomes.outcome(
        case_id,
        request.outcome,
        destination=request.destination or identity.name,
        reason=request.reason,
        remote_id=request.remote_id,
        at=request.at,
        key=idempotency_key,
    )
    service.wake_couriers()
    return outcome
