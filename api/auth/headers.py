"""Headers of every answer, and the bound on every request's body."""

from __future__ import annotations

import contextlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import problem

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # Charts and maps set styles of single elements; that cannot load or run anything.
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class _TooLargeError(Exception):
    pass


class SafeHeaders:
    """Wraps the application. `max_body_bytes` bounds a body whether its length is told or not;
    `tile_origin` is the one outside origin that may be configured, for the map's tiles."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, tile_origin: str = "") -> None:
        self._app = app
        self._most = max_body_bytes
        policy = CONTENT_SECURITY_POLICY
        if tile_origin:
            policy = policy.replace("img-src 'self'", f"img-src 'self' {tile_origin}")
        self._headers = {**_HEADERS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bound = _Bound(receive, self._most)

        async def marked_send(message: Message) -> None:
            if bound.exceeded:
                return  # whatever the route made of a body that was cut off
            if message["type"] == "http.response.start":
                self._mark(scope, message)
            await send(message)

        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) <= self._most:
            with contextlib.suppress(_TooLargeError):
                await self._app(scope, bound.receive, marked_send)
            if not bound.exceeded:
                return
        bound.exceeded = False
        detail = f"a request's body may have at most {self._most} bytes"
        answer = problem(413, detail, code="body_too_large", values={"bytes": self._most})
        await answer(scope, receive, marked_send)

    def _mark(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if scope["path"].startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")
        if scope["scheme"] == "https":
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class _Bound:
    """Counts what comes in."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._got = receive, most, 0
        self.exceeded = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._got += len(message.get("body", b""))
        if self._got > self._most:
            self.exceeded = True
            raise _TooLargeError
        return message
