"""The one door: every route's request goes through here, as the access table says."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Annotated, Final

from fastapi import Depends, Request

from api.auth.access import Access
from api.auth.access_table import ACCESS, Gate, Needs
from api.auth.errors import ForbiddenError, NotSignedInError
from api.auth.identity import Identity, Via
from api.auth.role import Permission
from api.auth.sessions import COOKIE

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER: Final = "X-CSRF-Token"


def access_of(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def authorize(request: Request) -> None:
    """The application's first dependency. Raises NotSignedInError or ForbiddenError."""
    route = request.scope.get("route")
    method = "GET" if request.method == "HEAD" else request.method
    needs = ACCESS.get((method, getattr(route, "path", "")))
    if needs is None:
        raise ForbiddenError(
            "this route has no entry in the access table", code="route_not_in_table"
        )
    if _is_open(access_of(request), needs):
        return
    identity = _identity(request)
    _check_cross_site(request, identity)
    permission = Permission.OPERATE if needs in (Gate.READY, Gate.METRICS) else needs
    if permission is not Gate.SIGNED_IN:
        if identity.must_change:
            raise ForbiddenError("change your one-time password first", code="one_time_password")
        if not (isinstance(permission, Permission) and identity.may(permission)):
            raise ForbiddenError(
                f"{identity.name} lacks the permission {permission.value!r}",
                code="not_permitted",
                name=identity.name,
                permission=permission.value,
            )
    elif identity.via is not Via.SESSION:
        raise ForbiddenError("this is for signed-in people, not for keys", code="not_for_keys")
    request.state.identity = identity


def identity_of(request: Request) -> Identity:
    """Who is asking, on a route that is not open."""
    identity: Identity = request.state.identity
    return identity


def _is_open(access: Access, needs: Needs) -> bool:
    config = access.config
    return (
        needs is Gate.OPEN
        or (needs is Gate.READY and config.open_ready)
        or (needs is Gate.METRICS and config.open_metrics)
    )


def _identity(request: Request) -> Identity:
    access, address = access_of(request), address_of(request)
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and secret:
        found = access.keys.find(secret.strip(), address)
        if found is None:
            raise NotSignedInError(
                "this API key is unknown, revoked or has run out", code="key_unknown"
            )
        return found
    token = request.cookies.get(COOKIE)
    found = access.sessions.find(token, address) if token else None
    if found is None:
        raise NotSignedInError(
            "sign in, or send an API key: Authorization: Bearer xj_…", code="not_signed_in"
        )
    return found


def _check_cross_site(request: Request, identity: Identity) -> None:
    """A cookie comes along with any site's form; the token only with our pages' requests."""
    if identity.via is not Via.SESSION or request.method in _READS:
        return
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), identity.csrf.encode()):
        raise ForbiddenError(
            f"send the session's token as {CSRF_HEADER}", code="session_token_missing"
        )


AccessDep = Annotated[Access, Depends(access_of)]
IdentityDep = Annotated[Identity, Depends(identity_of)]
