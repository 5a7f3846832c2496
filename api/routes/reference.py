"""The API's description, and a page of it that loads nothing from outside."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(tags=["operation"])


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    """OpenAPI 3.1."""
    description: dict[str, Any] = request.app.openapi()
    return description


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Every route with its summary."""
    rows = "".join(
        f"<tr><td>{method.upper()}<td><code>{escape(path)}</code>"
        f"<td>{escape(operation.get('description', operation.get('summary', '')))}"
        for path, methods in sorted(request.app.openapi()["paths"].items())
        for method, operation in methods.items()
    )
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Xunjie API</title>"
        "<h1>Xunjie API</h1><p>Send <code>Authorization: Bearer xj_…</code>. The whole description "
        f"for tools: <a href=/openapi.json>openapi.json</a></p><table>{rows}</table></html>"
    )
