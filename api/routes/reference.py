"""The API's description, and a page of it that loads nothing from outside."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.problem import MEDIA_TYPE, Problem

router = APIRouter(tags=["operation"])
_PROBLEM: Final = Problem.__name__
_REF: Final = f"#/components/schemas/{_PROBLEM}"


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
    """As FastAPI makes it, but whatever is refused is refused by a problem."""
    description: dict[str, Any] = request.app.openapi()  # made once, and kept
    schemas = description["components"]["schemas"]
    if _PROBLEM not in schemas:
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**problem.pop("$defs"), _PROBLEM: problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for methods in description["paths"].values():
            for operation in methods.values():
                _tell_problems(operation["responses"])
    return description


def _tell_problems(responses: dict[str, Any]) -> None:
    responses.setdefault("default", {"description": "Refused"})
    for status, answer in responses.items():
        if status == "default" or status >= "4":
            own = "application/json" in answer.get("content", {}) and status != "422"
            if not own:
                answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": _REF}}}
