"""Cases from another instance of this program, and what became of them: city and county."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.auth.errors import ForbiddenError
from api.auth.guard import IdentityDep
from api.auth.identity import Identity, Via
from api.deps import ERRORS, ServiceDep
from api.service import Service
from detector.incidents import (
    NotFoundError,
    PeerConfig,
    Receipt,
    ReceptionError,
    SentOutcome,
)

router = APIRouter(prefix="/api/exchange", tags=["exchange"], responses=ERRORS)

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Cases = Annotated[list[UUID], Query(max_length=100, description="which were sent from there")]


def _peer(service: Service, identity: Identity) -> PeerConfig:
    """Whose key it is. Raises ForbiddenError."""
    name = identity.name.removeprefix("key ")
    peer = service.config.exchange.peer_of_key(name) if identity.via is Via.KEY else None
    if peer is None:
        raise ForbiddenError(f"{identity.name} is no instance under exchange.peers")
    return peer


@router.post("/cases", responses={422: {"description": "Cannot be taken as it is"}})
async def post_case(
    request: Request,
    service: ServiceDep,
    identity: IdentityDep,
    idempotency_key: Annotated[str | None, Header(max_length=300)] = None,
) -> Receipt:
    """Takes one letter, a CloudEvent as the `http` sink sends it. The same one again changes
    nothing; 409 where the case began here or came by another way."""
    peer = _peer(service, identity)
    try:
        event: Any = json.loads(await request.body())
    except ValueError as error:
        raise ReceptionError(f"the body is not JSON: {error}") from error
    if not isinstance(event, dict) or "data" not in event:
        raise ReceptionError("the body is not a CloudEvent with data")
    key = idempotency_key or str(event.get("id") or "")
    receipt = await run_in_threadpool(service.records.reception.take, event["data"], peer, key)
    service.wake_couriers()
    return receipt


@router.get("/pictures/{case_id}/{sha256}", status_code=204)
def has_picture(
    case_id: UUID, sha256: Sha256, service: ServiceDep, identity: IdentityDep
) -> Response:
    """Whether the picture is here already: 204 or 404."""
    _peer(service, identity)
    if not service.records.reception.has_picture(case_id, sha256):
        raise NotFoundError("no such picture has been received")
    return Response(status_code=204)


@router.put("/pictures/{case_id}/{sha256}", status_code=201)
async def put_picture(
    case_id: UUID, sha256: Sha256, request: Request, service: ServiceDep, identity: IdentityDep
) -> None:
    """Takes one masked picture, before the letter that names it."""
    _peer(service, identity)
    data = await request.body()
    await run_in_threadpool(service.records.reception.put_picture, case_id, sha256, data)


@router.get("/outcomes")
def list_outcomes(case_id: Cases, service: ServiceDep, identity: IdentityDep) -> list[SentOutcome]:
    """What became here of cases that the asking instance sent, oldest first."""
    return list(service.records.reception.outcomes(_peer(service, identity), case_id))
