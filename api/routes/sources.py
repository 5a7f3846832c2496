"""Sources, how they are doing, and their newest picture."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel

from api.deps import ERRORS, ServiceDep
from api.service import Service
from detector.incidents import NotFoundError
from detector.pipeline.camera import Camera
from detector.pipeline.tally import TallySnapshot
from detector.types import SourceHealth

router = APIRouter(prefix="/api/sources", tags=["sources"], responses=ERRORS)


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


@router.get("")
def list_sources(service: ServiceDep) -> list[SourceStatus]:
    """Every configured source."""
    return [status_of(service, camera) for camera in service.engine.cameras]


@router.get("/{source_id}")
def get_source(source_id: str, service: ServiceDep) -> SourceStatus:
    """One source."""
    return status_of(service, _camera(service, source_id))


@router.get(
    "/{source_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "Newest masked picture"}},
)
def get_picture(source_id: str, service: ServiceDep) -> Response:
    """The newest usable picture, masked."""
    _camera(service, source_id)
    picture = service.latest.picture(source_id)
    if picture is None:
        raise NotFoundError(f"source {source_id} has not had a usable look yet")
    return Response(picture.jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def status_of(service: Service, camera: Camera) -> SourceStatus:
    config = next(c for c in service.config.cameras if c.id == camera.id)
    return SourceStatus(
        id=camera.id,
        name=config.source.name,
        interval_s=camera.interval_s,
        tasks=sorted(camera.view.violations),
        health=camera.source.health(),
        looks=camera.tally.snapshot(),
        stale_bound_s=service.engine.stale_bound_s(camera.id),
    )


def _camera(service: Service, source_id: str) -> Camera:
    camera = service.engine.camera(source_id)
    if camera is None:
        raise NotFoundError(f"no source has the id {source_id}")
    return camera
