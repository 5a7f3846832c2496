"""To the provider and back; which ways of signing in there are."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from api.auth.errors import AccessError
from api.auth.guard import AccessDep, address_of
from api.auth.oidc import Oidc, OidcError
from api.auth.session_routes import is_plain_local, set_cookie
from detector.incidents import NotFoundError

router = APIRouter(tags=["access"])
_STATE = "xunjie_oidc"


class SignInWays(BaseModel):
    """`oidc`: what stands on the button that leads to the provider; None: there is none."""

    oidc: str | None


@router.get("/api/session/ways")
def get_ways(request: Request) -> SignInWays:
    """How people can sign in here."""
    oidc: Oidc | None = request.app.state.oidc
    return SignInWays(oidc=(oidc.config.label or "OpenID Connect") if oidc else None)


@router.get("/oidc/start", include_in_schema=False)
def start(request: Request, access: AccessDep) -> Response:
    """Sends the browser to the provider."""
    oidc = _oidc(request)
    try:
        url, state = oidc.begin(_redirect_uri(request, oidc))
    except OidcError as error:
        return _back(error.word)
    answer = RedirectResponse(url, status_code=303)
    answer.set_cookie(
        _STATE,
        state,
        max_age=600,
        path="/oidc",
        httponly=True,
        samesite="lax",
        secure=access.config.always_secure_cookies or not is_plain_local(request),
    )
    return answer


@router.get("/oidc/callback", include_in_schema=False)
def callback(
    request: Request,
    access: AccessDep,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """The browser comes back, with a code or without."""
    oidc, address = _oidc(request), address_of(request)
    began = request.cookies.get(_STATE, "")
    try:
        # Else somebody could finish a sign-in of their own in another person's browser.
        if not state or not hmac.compare_digest(began.encode(), state.encode()):
            raise OidcError("this sign-in was not begun in this browser", "expired")
        if not code:
            raise OidcError("the provider has refused", "denied")
        person = oidc.finish(state, code)
        session = access.sign_in_external(person.name, person.role, address)
    except AccessError as error:
        access.external_failed(str(error), address)
        return _back(error.word if isinstance(error, OidcError) else "refused")
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(_STATE, path="/oidc")
    set_cookie(answer, request, session, access.config.always_secure_cookies)
    return answer


def _oidc(request: Request) -> Oidc:
    oidc: Oidc | None = request.app.state.oidc
    if oidc is None:
        raise NotFoundError("no provider is configured under access.oidc", code="no_provider")
    return oidc


def _redirect_uri(request: Request, oidc: Oidc) -> str:
    base = oidc.config.public_url or str(request.base_url)
    return base.rstrip("/") + "/oidc/callback"


def _back(word: str) -> Response:
    return RedirectResponse(f"/pages/login?fault={word}", status_code=303)
