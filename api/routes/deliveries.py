"""What has been sent to other systems, and what has not."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ERRORS, CursorQuery, LimitQuery, RecordsDep, ServiceDep
from detector.incidents import Delivery, DeliveryFilter, DeliveryState, DestinationStats

router = APIRouter(prefix="/api", tags=["deliveries"], responses=ERRORS)


class DeliveryList(BaseModel):
    """One page."""

    items: list[Delivery]
    next_cursor: str | None


class ReasonRequest(BaseModel):
    """Who sets a delivery aside or gives it up, and why."""

    model_config = ConfigDict(extra="forbid")

    operator: str | None = Field(default=None, min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=500)


@router.get("/destinations")
def list_destinations(records: RecordsDep) -> list[DestinationStats]:
    """Depth, age and last error of each destination."""
    return list(records.outbox.stats())


class SentAgain(BaseModel):
    """How many deliveries are on their way again."""

    deliveries: int


@router.post("/destinations/{destination}/redeliver")
def redeliver_quarantined(
    destination: str, service: ServiceDep, identity: IdentityDep, access: AccessDep
) -> SentAgain:
    """Sends everything again that this destination had refused for good, or that was set aside."""
    count = service.records.outbox.redeliver_quarantined(destination)
    access.audit.add(identity, "redelivered", destination, {"deliveries": count})
    service.retry_now(destination)
    return SentAgain(deliveries=count)


@router.get("/deliveries")
def list_deliveries(
    records: RecordsDep,
    destination: str | None = None,
    state: DeliveryState | None = None,
    case_id: UUID | None = None,
    incident_id: UUID | None = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> DeliveryList:
    """Deliveries, newest first."""
    which = DeliveryFilter(
        destination=destination, state=state, case_id=case_id, incident_id=incident_id
    )
    page = records.queries.deliveries(which, cursor=cursor, limit=limit)
    return DeliveryList(items=list(page.items), next_cursor=page.next_cursor)


@router.post("/deliveries/{delivery_id}/redeliver")
def redeliver(
    delivery_id: UUID, service: ServiceDep, identity: IdentityDep, access: AccessDep
) -> Delivery:
    """Sends it again, under the same idempotency key, at once."""
    delivery = service.records.outbox.redeliver(delivery_id)
    access.audit.add(identity, "redelivered", str(delivery_id))
    service.retry_now(delivery.destination)
    return delivery


@router.post("/deliveries/{delivery_id}/quarantine")
def quarantine(
    delivery_id: UUID,
    request: ReasonRequest,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> Delivery:
    """Sets it aside, with the later ones of its incident, until a person decides."""
    operator = identity.acting_as(request.operator)
    delivery = service.records.outbox.quarantine(delivery_id, operator, request.reason)
    access.audit.add(identity, "quarantined", str(delivery_id), {"reason": request.reason})
    return delivery


@router.post("/deliveries/{delivery_id}/discard")
def discard(
    delivery_id: UUID,
    request: ReasonRequest,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> Delivery:
    """Gives it up, so that later letters of its incident go out."""
    operator = identity.acting_as(request.operator)
    delivery = service.records.outbox.discard(delivery_id, operator, request.reason)
    access.audit.add(identity, "discarded", str(delivery_id), {"reason": request.reason})
    service.wake_couriers()
    return delivery
