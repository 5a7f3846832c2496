"""Sources, how they are doing, and their newest picture."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.deps import ERRORS, ServiceDep
from api.forwarding import ask, holder_address, lists_of_others
from api.service import Service
from detector.incidents import NotFoundError
from detector.pipeline.camera import Camera
from detector.pipeline.tally import TallySnapshot
from detector.sources.state_text import state_zh
from detector.types import SourceHealth

router = APIRouter(prefix="/api/sources", tags=["sources"], responses=ERRORS)


class StateWords(BaseModel):
    """In Chinese: `health.reason`, `looks.blind_detail` and `looks.last_error`."""

    reason: str
    blind_detail: str
    last_error: str


class SourceStatus(BaseModel):
    """One source: its connection and its looks."""

    id: str
    name: str
    interval_s: float
    tasks: list[str]
    health: SourceHealth
    looks: TallySnapshot
    stale_bound_s: float | None
    """How long it is left without a look at most, at the machine's present pace."""

    zh: StateWords
    node: str | None = None
    """Who looks at it, where several machines share the cameras."""


@router.get("")
def list_sources(service: ServiceDep, request: Request) -> list[SourceStatus]:
    """Every source; of several nodes one that does not answer in two seconds is left out."""
    own = [status_of(service, camera) for camera in service.engine.cameras]
    others = [SourceStatus.model_validate(e) for f in lists_of_others(service, request) for e in f]
    if service.member is None:
        return own
    found = {status.id: status for status in (*others, *own)}
    return [found[c.id] for c in service.config.cameras if c.id in found]


@router.get("/{source_id}", response_model=SourceStatus)
def get_source(source_id: str, service: ServiceDep, request: Request) -> SourceStatus | Response:
    """One source."""
    if (other := _elsewhere(service, source_id, request)) is not None:
        return ask(other, request)
    return status_of(service, _camera(service, source_id))


@router.get(
    "/{source_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "Newest masked picture"}},
)
def get_picture(source_id: str, service: ServiceDep, request: Request) -> Response:
    """The newest usable picture, masked."""
    if (other := _elsewhere(service, source_id, request)) is not None:
        return ask(other, request)
    _camera(service, source_id)
    picture = service.latest.picture(source_id)
    if picture is None:
        raise NotFoundError(
            f"source {source_id} has not had a usable look yet", code="no_look_yet", id=source_id
        )
    return Response(picture.jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def status_of(service: Service, camera: Camera) -> SourceStatus:
    config = next(c for c in service.config.cameras if c.id == camera.id)
    health, looks = camera.source.health(), camera.tally.snapshot()
    return SourceStatus(
        id=camera.id,
        name=config.source.name,
        interval_s=camera.interval_s,
        tasks=sorted(camera.view.violations),
        health=health,
        looks=looks,
        zh=StateWords(
            reason=state_zh(health.reason),
            blind_detail=state_zh(looks.blind_detail),
            last_error=state_zh(looks.last_error),
        ),
        stale_bound_s=service.engine.stale_bound_s(camera.id),
        node=service.node,
    )


def _elsewhere(service: Service, source_id: str, request: Request) -> str | None:
    if service.engine.camera(source_id) is not None:
        return None
    return holder_address(service, source_id, request)


def _camera(service: Service, source_id: str) -> Camera:
    camera = service.engine.camera(source_id)
    if camera is None:
        raise NotFoundError(f"no source has the id {source_id}", code="no_source", id=source_id)
    return camera
