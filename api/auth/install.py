"""Puts the door in front of an application."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from api.auth.access import Access
from api.auth.errors import AccessError, LockedError
from api.auth.headers import SafeHeaders
from api.problem import problem_of

_FORM_BYTES = 64 * 1024


def install(app: FastAPI, access: Access, max_upload_bytes: int, tile_origin: str) -> None:
    """`authorize` must be the application's own dependency; this adds the rest."""
    app.state.access = access
    app.add_exception_handler(AccessError, _answer)
    app.add_middleware(
        SafeHeaders, max_body_bytes=max_upload_bytes + _FORM_BYTES, tile_origin=tile_origin
    )


async def _answer(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, AccessError) else 403
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if isinstance(error, LockedError):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return problem_of(error, status, headers)
