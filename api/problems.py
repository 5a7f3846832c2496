"""Expected errors as HTTP answers."""

from __future__ import annotations

from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from api.problem import problem, problem_of
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
from detector.types import DiskFull, PictureError, XunjieError, field_errors

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

_log = structlog.get_logger(__name__)
FRAMEWORK: Final = {400: "form_unreadable", 404: "no_route", 405: "wrong_method"}
"""Codes of what is refused before any route of ours is asked, by status."""


def status_of(error: Exception) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Answers every expected error with its own text and code."""
    for kind, _ in _STATUS:
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _from_framework)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(Exception, _unexpected)


async def _expected(_request: Request, error: Exception) -> Response:
    status = status_of(error)
    return problem_of(error, status, {"Retry-After": "10"} if status in (503, 507) else None)


async def _unreadable(_request: Request, error: Exception) -> Response:
    """A request that does not fit its description, field by field."""
    faults = field_errors(error.errors() if isinstance(error, RequestValidationError) else ())
    return problem(422, "; ".join(map(str, faults)), code="request_wrong", faults=faults)


async def _unstorable(_request: Request, error: Exception) -> Response:
    """PostgreSQL takes no U+0000 in a text, for one, where SQLite does."""
    why = str(error.orig).partition("\n")[0] if isinstance(error, DataError) else str(error)
    _log.warning("request_not_storable", error=why)
    return problem(422, f"a value cannot be stored or looked for: {why}", code="value_unstorable")


async def _unexpected(_request: Request, _error: Exception) -> Response:
    """A fault of the program; the server logs it. What it is about is not told outside."""
    return problem(500, "the service failed at this; its log tells more", code="failed")


async def _from_framework(_request: Request, error: Exception) -> Response:
    """No such route, not with this method, a form that cannot be read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    detail = str(error.detail) if isinstance(error, HTTPException) else str(error)
    return problem(status, detail, code=FRAMEWORK.get(status, ""), headers=headers)
