"""What the review page asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.guard import IdentityDep
from api.deps import ERRORS, RecordsDep, ServiceDep
from api.routes.incidents import box_of
from api.service import Service
from api.ui.held_verdict import HeldVerdict
from api.ui.review_card import ReviewCard, review_cards
from api.ui.review_desk import News, ReviewDesk, Waiting
from api.ui.review_item import ReviewItem, review_item
from detector.incidents import ConflictError, NotFoundError
from detector.types import VerdictAnswer

router = APIRouter(prefix="/api/review", tags=["review"], responses=ERRORS)


class ClaimRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=3, ge=1, le=10)
    exclude: list[UUID] = Field(default=[], max_length=500)
    """Skipped ones, and those that the page has already."""


class Answer(BaseModel):
    """A rejection needs a reason, a correction a class or a box."""

    model_config = ConfigDict(extra="forbid")

    answer: VerdictAnswer
    reason: str = Field(default="", max_length=1000)
    class_name: str | None = Field(default=None, max_length=64)
    box_unit: tuple[float, float, float, float] | None = None


class BulkRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    incident_ids: list[UUID] = Field(min_length=1, max_length=200)
    answer: VerdictAnswer
    reason: str = Field(default="", max_length=1000)


class BulkAnswer(BaseModel):
    """What became of each."""

    held: list[UUID]
    refused: dict[UUID, str]


class Beat(BaseModel):
    """What the page must know, at every beat."""

    now: datetime
    waiting: Waiting
    news: list[News]


def review_desk(service: Service) -> ReviewDesk:
    config = service.config.access
    return ReviewDesk(
        service.records.database,
        service.records.verdicts,
        lease_s=config.lease_s,
        undo_s=config.undo_s,
    )


def desk_of(request: Request) -> ReviewDesk:
    desk: ReviewDesk = request.app.state.review
    return desk


DeskDep = Annotated[ReviewDesk, Depends(desk_of)]


@router.get("/waiting")
def get_waiting(identity: IdentityDep, desk: DeskDep) -> Waiting:
    """How much there is to do."""
    return desk.waiting(identity.name)


@router.get("/list")
def list_waiting(
    desk: DeskDep, records: RecordsDep, limit: Annotated[int, Query(ge=1, le=200)] = 60
) -> list[ReviewCard]:
    """The head of the queue, for answering many at once."""
    return review_cards(records, desk.head(limit))


@router.post("/claim")
def claim(
    body: ClaimRequest, identity: IdentityDep, desk: DeskDep, service: ServiceDep
) -> list[ReviewItem]:
    """The next incidents, for this operator alone; the first is to be shown, the others are for
    loading their pictures beforehand."""
    place = service.config.registry.place
    ids = desk.claim(identity.name, body.count, body.exclude)
    return [review_item(service.records, place, i) for i in ids]


@router.post("/beat")
def beat(
    identity: IdentityDep, desk: DeskDep, since: Annotated[AwareDatetime | None, Query()] = None
) -> Beat:
    """Keeps this operator's leases; tells what others have decided since."""
    now = datetime.now(UTC)
    desk.beat(identity.name)
    news = desk.news(since) if since else ()
    return Beat(now=now, waiting=desk.waiting(identity.name), news=list(news))


@router.post("/{incident_id}/release", status_code=204)
def release(incident_id: UUID, identity: IdentityDep, desk: DeskDep) -> None:
    """Gives an incident back to the queue."""
    desk.release(identity.name, incident_id)


@router.post("/{incident_id}/verdict", responses={422: {"description": "Incomplete"}})
def give_verdict(
    incident_id: UUID, body: Answer, identity: IdentityDep, desk: DeskDep
) -> HeldVerdict:
    """A verdict that can be undone until `commit_at`."""
    return desk.hold(_held(incident_id, body, identity.name))


@router.delete("/{incident_id}/verdict", status_code=204)
def undo_verdict(incident_id: UUID, identity: IdentityDep, desk: DeskDep) -> None:
    """Takes one's own verdict back while it is not committed."""
    desk.undo(identity.name, incident_id)


@router.post("/bulk")
def give_many(
    body: BulkRequest, identity: IdentityDep, desk: DeskDep, records: RecordsDep
) -> BulkAnswer:
    """One answer for many; those that somebody else holds are refused, the others are not."""
    answer = Answer(answer=body.answer, reason=body.reason)
    held, refused = [], {}
    for incident_id in body.incident_ids:
        try:
            desk.hold(_held(incident_id, answer, identity.name))
            held.append(incident_id)
        except (ConflictError, NotFoundError) as error:
            refused[incident_id] = str(error)
    return BulkAnswer(held=held, refused=refused)


def _held(incident_id: UUID, body: Answer, operator: str) -> HeldVerdict:
    now = datetime.now(UTC)
    return HeldVerdict(
        incident_id=incident_id,
        operator=operator,
        answer=body.answer,
        reason=body.reason,
        class_name=body.class_name,
        box_unit=box_of(body.box_unit),
        held_at=now,
        commit_at=now,
    )
