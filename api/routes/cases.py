"""The embedded case queue."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.guard import IdentityDep
from api.deps import ERRORS, CursorQuery, LimitQuery, RecordsDep, ServiceDep
from detector.incidents import (
    Case,
    CaseEvent,
    CaseFilter,
    CaseState,
    Delivery,
    DeliveryFilter,
    DeliveryState,
    Outcome,
    ReceivedCase,
)
from detector.incidents.case_fate import CaseFate

router = APIRouter(prefix="/api/cases", tags=["cases"], responses=ERRORS)

Worker = Annotated[
    str | None,
    Field(min_length=1, max_length=100, description="whom a machine works for"),
]
LeaseSeconds = Annotated[float, Field(gt=0, le=86400)]


class CaseList(BaseModel):
    """One page."""

    items: list[Case]
    fates: list[CaseFate]
    """Of each of them: delivered where, and what was said of it."""

    next_cursor: str | None


class CaseDetail(BaseModel):
    """A case with its log and its deliveries."""

    case: Case
    state_label: str
    may_become: list[CaseState]
    events: list[CaseEvent]
    deliveries: list[Delivery]
    outcomes: list[Outcome]
    received: ReceivedCase | None
    """Which instance sent it, and the pictures that it links; None: it is our own."""


class ClaimRequest(BaseModel):
    """Who wants to work, and for how long cases are theirs alone."""

    model_config = ConfigDict(extra="forbid")

    worker: Worker = None
    lease_s: LeaseSeconds = 900
    states: list[CaseState] = [CaseState.REPORTED]
    limit: int = Field(default=1, ge=1, le=100)


class LeaseRequest(BaseModel):
    """Whose lease, and how long it is to last from now."""

    model_config = ConfigDict(extra="forbid")

    worker: Worker = None
    lease_s: LeaseSeconds = 900


class StateRequest(BaseModel):
    """A step of the case: 受理, 立案, 派遣, 处理, 核查, 结案 or a side state."""

    model_config = ConfigDict(extra="forbid")

    state: CaseState
    actor: Worker = None
    note: str = Field(default="", max_length=1000)
    expected_version: int | None = Field(default=None, ge=1)


@router.get("")
def list_cases(
    records: RecordsDep,
    state: Annotated[list[CaseState] | None, Query(description="any of these")] = None,
    violation: str | None = None,
    source_id: str | None = None,
    urgent: bool | None = None,
    worker: str | None = None,
    opened_from: AwareDatetime | None = None,
    opened_before: AwareDatetime | None = None,
    destination: Annotated[str | None, Query(description="with a letter to it")] = None,
    delivery: Annotated[DeliveryState | None, Query(description="of such a letter")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> CaseList:
    """Cases, newest first."""
    which = CaseFilter(
        states=frozenset(state) if state else None,
        violation=violation,
        source_id=source_id,
        urgent=urgent,
        worker=worker,
        opened_from=opened_from,
        opened_before=opened_before,
        destination=destination,
        delivery=delivery,
    )
    page = records.queries.cases(which, cursor=cursor, limit=limit)
    fates = records.queries.fates([case.id for case in page.items])
    return CaseList(items=list(page.items), fates=list(fates), next_cursor=page.next_cursor)


@router.post("/claim")
def claim_cases(request: ClaimRequest, records: RecordsDep, identity: IdentityDep) -> list[Case]:
    """Free cases for one worker, urgent and old ones first; nobody else gets them meanwhile."""
    worker = identity.acting_as(request.worker)
    return list(records.queue.claim(worker, request.lease_s, request.states, request.limit))


@router.get("/{case_id}")
def get_case(case_id: UUID, records: RecordsDep) -> CaseDetail:
    """One case, with its log and its deliveries."""
    case = records.queries.case(case_id)
    sent = DeliveryFilter(incident_id=case.incident_id)  # which has an index
    deliveries = records.queries.deliveries(sent, limit=500)
    return CaseDetail(
        case=case,
        state_label=case.state.label,
        may_become=[state for state in CaseState if case.state.may_become(state)],
        events=list(records.queries.case_events(case_id)),
        deliveries=list(deliveries.items),
        outcomes=list(records.outcomes.outcomes(case_id)),
        received=records.reception.source_of(case_id),
    )


@router.post("/{case_id}/state")
def change_state(
    case_id: UUID, request: StateRequest, service: ServiceDep, identity: IdentityDep
) -> Case:
    """Takes a step. The state it already has changes nothing; a step that does not exist is
    refused with the steps that do."""
    actor = identity.acting_as(request.actor)
    case = service.records.queue.change_state(
        case_id, request.state, actor, request.note, request.expected_version
    )
    service.wake_couriers()
    return case


@router.post("/{case_id}/renew")
def renew_lease(
    case_id: UUID, request: LeaseRequest, records: RecordsDep, identity: IdentityDep
) -> Case:
    """Keeps a claimed case for longer."""
    return records.queue.renew(case_id, identity.acting_as(request.worker), request.lease_s)


@router.post("/{case_id}/release")
def release_case(
    case_id: UUID, request: LeaseRequest, records: RecordsDep, identity: IdentityDep
) -> Case:
    """Gives a claimed case back."""
    return records.queue.release(case_id, identity.acting_as(request.worker))
