"""What routes ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from api.service import Records, Service

ERRORS: dict[int | str, dict[str, object]] = {
    401: {"description": "Not signed in, and no valid API key"},
    403: {"description": "Not permitted"},
    404: {"description": "No such thing"},
    409: {"description": "It has changed, or was answered otherwise"},
}


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def records_of(request: Request) -> Records:
    return service_of(request).records


ServiceDep = Annotated[Service, Depends(service_of)]
RecordsDep = Annotated[Records, Depends(records_of)]
CursorQuery = Annotated[str | None, Query(description="`next_cursor` of the page before")]
LimitQuery = Annotated[int, Query(ge=1, le=500)]
