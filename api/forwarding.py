"""Asks the node that looks at a camera: its pictures and its state are in that node's memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import structlog
from fastapi import Request
from fastapi.responses import Response

from api.node_profile import reachable
from api.service import Service
from api.shared_cameras import unit_of
from detector.sources.push import Overloaded

_log = structlog.get_logger(__name__)
_FORWARDED: Final = "X-Xunjie-Forwarded"
_KEPT: Final = ("authorization", "cookie", "x-csrf-token")
_TIMEOUT_S: Final = 10.0
_LIST_TIMEOUT_S: Final = 2.0  # who answers later is left out of a list
_PASSED_ON: Final = ("content-type", "cache-control")


def is_forwarded(request: Request) -> bool:
    """Another node asks: it is answered from this one alone."""
    return _FORWARDED in request.headers


def holder_address(service: Service, camera_id: str, request: Request) -> str | None:
    """Where the camera's node answers; None: no other node could have it.

    Raises Overloaded (ask again) while it changes hands, and where the node that has it cannot
    be reached from here.
    """
    config = next((c for c in service.config.cameras if c.id == camera_id), None)
    if service.member is None or config is None:
        return None
    holder = service.member.leases.holders().get(unit_of(config))
    if holder is None or holder == service.node or is_forwarded(request):
        raise Overloaded(
            f"{camera_id} is changing hands; ask again in a few seconds",
            code="camera_changing_hands",
            id=camera_id,
        )
    node = next((n for n in service.member.book.all() if n.name == holder), None)
    address = reachable(node) if node else ""
    if not address:
        raise Overloaded(
            f"{camera_id} is looked at by node {holder}; ask there",
            code="camera_elsewhere",
            id=camera_id,
            node=holder,
        )
    return address


def ask(address: str, request: Request, **content: Any) -> Response:
    """The other node's answer to the same request; the caller's credentials are shown to it.
    `content`: of a POST. Raises Overloaded."""
    try:
        answer = httpx.request(
            request.method,
            f"{address}{request.url.path}",
            headers=_headers(request),
            timeout=_TIMEOUT_S,
            **content,
        )
    except httpx.HTTPError as error:
        raise Overloaded(
            f"{address} does not answer: {type(error).__name__}",
            code="node_silent",
            address=address,
        ) from error
    headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
    return Response(answer.content, status_code=answer.status_code, headers=headers)


def lists_of_others(service: Service, request: Request) -> Iterator[list[Any]]:
    """The answers of all other living nodes that hold a camera to the same request for a list."""
    if service.member is None or is_forwarded(request):
        return
    # By their leases: what a node told of itself at its last beat may be older than what it holds.
    holders = {*service.member.leases.holders().values()} - {service.node}
    others = [n for n in service.member.book.all() if n.alive and n.name in holders]
    addresses = [address for node in others if (address := reachable(node))]
    if not addresses:
        return

    def get(address: str) -> list[Any]:
        try:
            answer = httpx.get(
                f"{address}{request.url.path}", headers=_headers(request), timeout=_LIST_TIMEOUT_S
            )
            found: list[Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("node_did_not_answer", address=address, error=type(error).__name__)
            return []
        return found

    with ThreadPoolExecutor(min(8, len(addresses))) as pool:
        yield from pool.map(get, addresses)


def _headers(request: Request) -> dict[str, str]:
    kept = {name: value for name, value in request.headers.items() if name in _KEPT}
    return {**kept, _FORWARDED: "1"}
