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
    return _description(request)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Every route with its summary."""
    rows = "".join(
        f"<tr><td>{method.upper()}<td><code>{escape(path)}</code>"
        f"<td>{escape(operation.get('description', operation.get('summary', '')))}"
        for path, methods in sorted(_description(request)["paths"].items())
        for method, operation in methods.items()
    )
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Xunjie API</title>"
        "<h1>Xunjie API</h1><p>Send <code>Authorization: Bearer xj_…</code>. The whole description "
        f"for tools: <a href=/openapi.json>openapi.json</a></p><table>{rows}</table></html>"
    )


def _description(request: Request) -> dict[str, Any]:
    """As FastAPI makes it, but a 422 tells its fault as a list of fields or as one sentence."""
    description: dict[str, Any] = request.app.openapi()
    fault = description.get("components", {}).get("schemas", {}).get("HTTPValidationError")
    if fault is not None and "anyOf" not in fault["properties"]["detail"]:
        fields = fault["properties"]["detail"]
        fault["properties"]["detail"] = {"anyOf": [fields, {"type": "string"}]}
    return description
