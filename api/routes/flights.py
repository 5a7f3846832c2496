"""Comparisons of drone flights: what was found, both days' pictures, the officer's answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ERRORS, ServiceDep
from api.flight_desk import city_ledger, flights_folder, ledger_of, strike_off
from api.service import Service
from detector.flights.archive import (
    Day,
    KeptComparison,
    all_kept,
    kept_comparison,
    pair_picture,
)
from detector.flights.errors import FlightError
from detector.flights.ledger import Ledger
from detector.flights.refusal_text import refusal_zh
from detector.incidents import ConflictError, NotFoundError
from detector.incidents.reason_text import reason_zh
from detector.types import VerdictAnswer

router = APIRouter(prefix="/api/flights", tags=["flights"], responses=ERRORS)
NameParam = Annotated[str, Path(max_length=200)]
NumberParam = Annotated[int, Path(ge=1)]


class FlightFindingState(BaseModel):
    """A finding as it was made, and what has been decided since."""

    number: int  # in this comparison, from 1
    properties: dict[str, Any]  # as in the comparison's GeoJSON
    reason_zh: str  # the properties' `reason` in Chinese
    geometry: dict[str, Any]
    has_pictures: bool
    incident_id: UUID | None
    answer: VerdictAnswer | None  # of the incident; None: it opened none
    ledger_standing: bool  # whether the ledger still counts its row
    awaits_strike_off: bool  # called removed, and no officer has struck its row off
    struck_off_at: datetime | None


class FlightDetail(BaseModel):
    comparison: KeptComparison
    refused_zh: dict[str, str]  # the comparison's `refused` in Chinese
    findings: list[FlightFindingState]


class FlightAnswer(BaseModel):
    """The officer's answer on a new addition. A rejection needs a reason."""

    model_config = ConfigDict(extra="forbid")

    accepted: bool
    operator: str | None = Field(default=None, min_length=1, max_length=100)
    """For whom a machine answers; signed-in people answer as themselves."""

    reason: str = Field(default="", max_length=1000)


@router.get("")
def list_flights(service: ServiceDep) -> list[KeptComparison]:
    """Comparisons that were filed, newest flight first."""
    return all_kept(flights_folder(service.config))


@router.get("/{name}")
def get_flight(name: NameParam, service: ServiceDep) -> FlightDetail:
    """One comparison with all its findings."""
    kept, features = _kept(service, name)
    ledger = ledger_of(city_ledger(service.config))
    findings = [_state(service, kept, ledger, n, f) for n, f in enumerate(features, 1)]
    refused = {picture: refusal_zh(why) for picture, why in kept.refused.items()}
    return FlightDetail(comparison=kept, refused_zh=refused, findings=findings)


@router.get(
    "/{name}/findings/{number}/{day}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def get_picture(name: NameParam, number: NumberParam, day: Day, service: ServiceDep) -> Response:
    """A finding's ground on one of both days, north up, 6 cm a pixel; both lie on each other."""
    try:
        data = pair_picture(flights_folder(service.config), name, number, day)
    except FlightError as error:
        raise NotFoundError.like(error) from error
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private"})


@router.post("/{name}/findings/{number}/answer", responses={422: {"description": "No reason"}})
def answer_finding(
    name: NameParam,
    number: NumberParam,
    answer: FlightAnswer,
    service: ServiceDep,
    identity: IdentityDep,
    http: Request,
) -> FlightFindingState:
    """Accepts a new addition (its case opens) or rejects it. The same answer again is harmless,
    another one is refused."""
    kept, feature = _finding(service, name, number)
    incident_id = kept.incidents.get(feature["properties"]["id"])
    if incident_id is None:
        raise ConflictError(
            f"finding {number} opened no incident: there is nothing to answer",
            code="finding_without_incident",
            number=number,
        )
    operator = identity.acting_as(answer.operator)
    http.app.state.review.check_free(operator, incident_id)
    told = VerdictAnswer.CONFIRMED if answer.accepted else VerdictAnswer.REJECTED
    service.records.verdicts.give_verdict(incident_id, told, operator, answer.reason)
    service.wake_couriers()
    return _state(service, kept, ledger_of(city_ledger(service.config)), number, feature)


@router.post("/{name}/findings/{number}/strike-off")
def strike_off_finding(
    name: NameParam,
    number: NumberParam,
    service: ServiceDep,
    identity: IdentityDep,
    access: AccessDep,
) -> FlightFindingState:
    """Strikes a finding's row off the ledger, with the picture of this flight."""
    kept, feature = _finding(service, name, number)
    told = feature["properties"]
    if not told["ledger_id"]:
        raise ConflictError(
            f"finding {number} stands in no ledger", code="finding_without_row", number=number
        )
    picture = (told["pictures"] or [kept.current])[0]
    if strike_off(city_ledger(service.config), told["ledger_id"], kept.current_at, picture):
        access.audit.add(identity, "struck off", told["ledger_id"], {"flight": kept.name})
    return _state(service, kept, ledger_of(city_ledger(service.config)), number, feature)


def _kept(service: Service, name: str) -> tuple[KeptComparison, list[dict[str, Any]]]:
    try:
        return kept_comparison(flights_folder(service.config), name)
    except FlightError as error:
        raise NotFoundError.like(error) from error


def _finding(service: Service, name: str, number: int) -> tuple[KeptComparison, dict[str, Any]]:
    kept, features = _kept(service, name)
    if number > len(features):
        raise NotFoundError(
            f"{name} has {len(features)} findings",
            code="no_finding",
            number=number,
            count=len(features),
        )
    return kept, features[number - 1]


def _state(
    service: Service, kept: KeptComparison, ledger: Ledger, number: int, feature: dict[str, Any]
) -> FlightFindingState:
    told = feature["properties"]
    incident_id = kept.incidents.get(told["id"])
    row = next((row for row in ledger.rows if row.id == told["ledger_id"]), None)
    standing = row is not None and row.standing
    answer = None
    if incident_id is not None:
        with suppress(NotFoundError):  # its time of keeping may be over
            answer = service.records.queries.incident(incident_id).verdict
    return FlightFindingState(
        number=number,
        properties=told,
        reason_zh=reason_zh(told["reason"]),
        geometry=feature["geometry"],
        has_pictures=bool(told["pictures"]),
        incident_id=incident_id,
        answer=answer,
        ledger_standing=standing,
        awaits_strike_off=standing and told["verdict"] == "removed",
        struck_off_at=row.struck_off_at if row else None,
    )
