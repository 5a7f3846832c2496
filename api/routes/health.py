"""Health, readiness and metrics, for whoever keeps the service running."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.deps import ServiceDep
from detector.types import XunjieError

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """The process answers; `node`: its name among several that share the cameras."""

    status: str
    node: str | None = None
    started_at: datetime | None


class Readiness(BaseModel):
    """Whether it can do its work, and what keeps it from that."""

    ready: bool
    faults: list[str]


@router.get("/health")
def health(service: ServiceDep) -> Health:
    """Alive."""
    return Health(status="ok", node=service.node, started_at=service.started_at)


@router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(service: ServiceDep) -> Response:
    """Database and evidence store can be written, looks are being taken."""
    faults = _faults(service)
    body = Readiness(ready=not faults, faults=faults)
    return JSONResponse(body.model_dump(), status_code=503 if faults else 200)


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Prometheus metrics."""
    data = generate_latest(request.app.state.metrics)
    return Response(data, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _faults(service: ServiceDep) -> list[str]:
    faults = [] if service.started_at else ["not started"]
    if service.member is not None and service.member.fault:
        faults.append(service.member.fault)
    try:
        service.records.queries.case_counts()
    except XunjieError as error:
        faults.append(str(error))
    except Exception as error:
        faults.append(f"database {service.records.database.name}: {type(error).__name__}")
    if service.records.store.free_bytes() < service.config.evidence.min_free_bytes:
        faults.append(f"disk full: {service.config.data_folder} is below its reserve")
    return faults
