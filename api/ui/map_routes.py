"""What has a position."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import func, select

from api.deps import ServiceDep
from api.ui.map_layers import MapLayers
from detector.geometry.ground import lon_lat_deg
from detector.incidents.schema import cases, incidents
from detector.types import IncidentStatus, VerdictAnswer

router = APIRouter(prefix="/api/map", tags=["map"])


class MapCamera(BaseModel):
    id: str
    lon_deg: float
    lat_deg: float
    state: str


class MapIncident(BaseModel):
    id: UUID
    subtype: str
    source_id: str
    lon_deg: float
    lat_deg: float
    error_radius_m: float
    urgent: bool
    status: IncidentStatus
    verdict: VerdictAnswer
    opened_at: datetime
    case_number: str | None
    case_state: str | None


class MapAnswer(BaseModel):
    """WGS-84. The newest incidents of the span, at most `limit` of `total`."""

    cameras: list[MapCamera]
    incidents: list[MapIncident]
    total: int  # incidents of the span that have a position
    unplaced: int  # incidents of the span without a position
    tile_url: str | None


@router.get("", response_model=MapAnswer)
def get_map(
    service: ServiceDep,
    opened_from: AwareDatetime | None = None,
    opened_before: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=20_000)] = 2000,
) -> Response:
    """Cameras and incidents for a map."""
    column = incidents.c
    span = []
    if opened_from is not None:
        span.append(column.opened_at >= opened_from)
    if opened_before is not None:
        span.append(column.opened_at < opened_before)
    query = (
        select(
            column.id,
            column.subtype,
            column.source_id,
            column.lon_deg,
            column.lat_deg,
            column.error_radius_m,
            column.urgent,
            column.status,
            column.verdict,
            column.opened_at,
            cases.c.number.label("case_number"),
            cases.c.state.label("case_state"),
        )
        .outerjoin(cases, cases.c.incident_id == column.id)
        .where(column.lon_deg.is_not(None), *span)
        .order_by(column.opened_at.desc(), column.id.desc())
        .limit(limit)
    )
    unplaced = select(func.count()).select_from(incidents).where(column.lon_deg.is_(None), *span)
    with service.records.database.reading() as transaction:
        found = [MapIncident(**row) for row in transaction.execute(query).mappings()]
        without = transaction.execute(unplaced).scalar_one()
        every = transaction.execute(select(func.count()).select_from(incidents).where(*span))
        total = every.scalar_one() - without
    answer = MapAnswer(
        cameras=_cameras(service),
        incidents=found,
        total=total,
        unplaced=without,
        tile_url=service.config.map.tile_url,
    )
    # Written once: the framework would turn thousands of records into dictionaries first.
    return Response(answer.model_dump_json(), media_type="application/json")


class GridCellShape(BaseModel):
    """`geometry` is GeoJSON in WGS-84."""

    code: str
    name: str
    geometry: dict[str, Any]


class FlightFootprint(BaseModel):
    """The ground that a flight's pictures show; `geometry` is GeoJSON in WGS-84."""

    name: str
    dated_at: datetime
    pictures: int
    geometry: dict[str, Any]


class LayersAnswer(BaseModel):
    """What is configured under `grids`, `ledger` and `map`, but for files that cannot be read."""

    grids: list[GridCellShape]
    flights: list[FlightFootprint]
    covers: bool  # there is a ledger to ask


class CoverEntry(BaseModel):
    code: str
    kind: str
    owner: str
    lon_deg: float
    lat_deg: float


class CoversAnswer(BaseModel):
    """`total` is how many lie there; at most `limit` of them are given."""

    covers: list[CoverEntry]
    total: int


@router.get("/layers")
def get_layers(request: Request) -> LayersAnswer:
    """Grid cells and flights."""
    layers: MapLayers = request.app.state.layers
    return LayersAnswer(
        grids=[GridCellShape.model_validate(asdict(cell)) for cell in layers.grids()],
        flights=[FlightFootprint.model_validate(asdict(each)) for each in layers.flights()],
        covers=layers.has_covers,
    )


@router.get("/covers")
def get_covers(
    request: Request,
    west: Annotated[float, Query(ge=-180, le=180)],
    south: Annotated[float, Query(ge=-90, le=90)],
    east: Annotated[float, Query(ge=-180, le=180)],
    north: Annotated[float, Query(ge=-90, le=90)],
    limit: Annotated[int, Query(ge=1, le=5000)] = 2000,
) -> CoversAnswer:
    """Covers of the city's ledger within those degrees."""
    layers: MapLayers = request.app.state.layers
    found, total = layers.covers(west, south, east, north, limit)
    return CoversAnswer(
        covers=[CoverEntry.model_validate(asdict(each)) for each in found], total=total
    )


def _cameras(service: ServiceDep) -> list[MapCamera]:
    found = []
    for config in service.config.cameras:
        camera = service.engine.camera(config.id)
        if config.position is None or (camera is None and service.member is None):
            continue
        lon, lat = lon_lat_deg(config.position.position())
        state = camera.source.health().state.value if camera else "elsewhere"
        found.append(MapCamera(id=config.id, lon_deg=lon, lat_deg=lat, state=state))
    return found
