"""The clip of an incident, picture by picture, with faces and plates hidden."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.deps import ERRORS
from api.ui.clip_desk import ClipDesk
from detector.incidents import NotFoundError

router = APIRouter(prefix="/api/incidents", tags=["incidents"], responses=ERRORS)


class MaskedClip(BaseModel):
    """Picture `n` of it lies under `clip/n`."""

    evidence_id: UUID
    starts_at: datetime
    ends_at: datetime | None
    offsets_s: list[float]  # of each picture since the first
    complete: bool  # else more will come: ask again


@router.get("/{incident_id}/clip", responses={503: {"description": "Another is being masked"}})
def get_clip(incident_id: UUID, request: Request) -> MaskedClip:
    """The masked clip as far as it has come: the first time it is asked for, it is masked, and
    nobody asking for more of it ends that."""
    row, film = _desk(request).clip_of(incident_id)
    return MaskedClip(
        evidence_id=row.id,
        starts_at=row.captured_at,
        ends_at=row.ends_at,
        offsets_s=[round(each.offset_s, 3) for each in film.pictures],
        complete=film.complete,
    )


@router.get(
    "/{incident_id}/clip/{number}",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "A masked picture"},
        503: {"description": "Another clip is being masked"},
    },
)
def get_clip_picture(
    incident_id: UUID, number: Annotated[int, Path(ge=0, le=100_000)], request: Request
) -> Response:
    """One picture of the masked clip; waits until it is masked."""
    _, film = _desk(request).clip_of(incident_id, number + 1)
    if number >= len(film.pictures):
        raise NotFoundError(
            f"the clip of incident {incident_id} has {len(film.pictures)} pictures",
            code="no_clip_picture",
            number=number,
        )
    headers = {"Cache-Control": "private, max-age=600"}
    return Response(film.pictures[number].jpeg, media_type="image/jpeg", headers=headers)


def _desk(request: Request) -> ClipDesk:
    desk: ClipDesk = request.app.state.clips
    return desk
