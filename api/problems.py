"""Expected errors as HTTP answers."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from detector.incidents import (
    ConflictError,
    CursorError,
    LeaseLostError,
    NotFoundError,
    OutcomeError,
    ReceptionError,
    VerdictError,
)
from detector.sources.push import Overloaded
from detector.types import DiskFull, PictureError, XunjieError

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (LeaseLostError, 409),
    (VerdictError, 422),
    (OutcomeError, 422),
    (ReceptionError, 422),
    (CursorError, 422),
    (PictureError, 422),
    (Overloaded, 503),
    (DiskFull, 507),
    (XunjieError, 503),
)


def status_of(error: Exception) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Answers every expected error with its own text."""

    async def answer(_request: Request, error: Exception) -> JSONResponse:
        status = status_of(error)
        headers = {"Retry-After": "10"} if status in (503, 507) else None
        return JSONResponse({"detail": str(error)}, status_code=status, headers=headers)

    for kind, _ in _STATUS:
        app.add_exception_handler(kind, answer)
