"""Signing in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.errors import ForbiddenError
from api.auth.guard import AccessDep, IdentityDep, address_of, is_loopback
from api.auth.identity import Identity
from api.auth.role import Permission, Role
from api.auth.sessions import COOKIE, NewSession

router = APIRouter(tags=["access"])
Password = Annotated[str, Field(min_length=1, max_length=256)]


class SignIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    password: Password


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=256)
    new: Password


class SessionState(BaseModel):
    """Who is signed in, and the token that writing requests send as X-CSRF-Token."""

    name: str
    role: Role | None
    permissions: list[Permission]
    csrf: str
    must_change: bool
    undo_s: float


@router.post("/api/session", status_code=204, responses={401: {}, 403: {}, 429: {}})
def sign_in(body: SignIn, request: Request, access: AccessDep) -> Response:
    """Signs in with name and password; the session is in a cookie."""
    _check_origin(request)
    session = access.sign_in(body.name, body.password, address_of(request))
    answer = Response(status_code=204)
    set_cookie(answer, request, session, access.config.always_secure_cookies)
    return answer


@router.get("/api/session")
def get_session(identity: IdentityDep, access: AccessDep) -> SessionState:
    """The session of this cookie."""
    return _state(identity, access.config.undo_s)


@router.delete("/api/session", status_code=204)
def sign_out(identity: IdentityDep, access: AccessDep) -> Response:
    """Ends the session."""
    access.sign_out(identity)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.post("/api/session/password", status_code=204)
def change_password(body: PasswordChange, identity: IdentityDep, access: AccessDep) -> Response:
    """A new password of one's own; other sessions end."""
    access.change_password(identity, body.old, body.new)
    return Response(status_code=204)


@router.get("/enter/{token}", include_in_schema=False)
def enter(token: str, request: Request, access: AccessDep) -> Response:
    """A one-time link, printed by a command on this machine."""
    if not (is_loopback(address_of(request)) and is_loopback(request.url.hostname)):
        raise ForbiddenError(
            "login links work on the machine itself only", code="link_from_elsewhere"
        )
    session = access.enter(token, address_of(request))
    answer = RedirectResponse("/", status_code=303)
    set_cookie(answer, request, session, access.config.always_secure_cookies)
    return answer


def set_cookie(answer: Response, request: Request, session: NewSession, always: bool) -> None:
    answer.set_cookie(
        COOKIE,
        session.token,
        max_age=round(session.longest_s),
        path="/",
        httponly=True,
        samesite="lax",
        secure=always or not is_plain_local(request),
    )


def is_plain_local(request: Request) -> bool:
    """Plain HTTP on the machine itself, where some clients take no secure cookie."""
    return request.url.scheme == "http" and is_loopback(request.url.hostname)


def _check_origin(request: Request) -> None:
    """Nobody is signed in to an account of somebody else's choice by a foreign page."""
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.headers.get("Host"):
        raise ForbiddenError("sign in on the pages of this service", code="foreign_page")


def _state(identity: Identity, undo_s: float) -> SessionState:
    return SessionState(
        name=identity.name,
        role=identity.role,
        permissions=sorted(identity.permissions),
        csrf=identity.csrf,
        must_change=identity.must_change,
        undo_s=undo_s,
    )
