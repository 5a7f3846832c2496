"""The pages' shell and files. Nothing in them is secret: data comes over the REST API."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response

from detector.incidents import NotFoundError

router = APIRouter(include_in_schema=False)

STATIC: Final = Path(__file__).resolve().parent / "static"
PAGES: Final = frozenset(
    ("review", "cases", "cameras", "map", "flights", "figures", "models", "audit", "users", "login")
)
_LIBRARIES: Final = {"leaflet": "elements/leaflet/dist", "echart": "elements/echart/dist"}
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}


@router.get("/")
def home() -> Response:
    """The review page is where the work is."""
    return RedirectResponse("/pages/review", status_code=307)


@router.get("/pages/{page}")
def page(page: str) -> Response:
    """One shell for all pages."""
    if page not in PAGES:
        raise NotFoundError(f"there is no page {page[:50]}", code="no_page")
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/assets/{path:path}")
def asset(path: str) -> Response:
    """A file of the pages, or of the browser libraries that NiceGUI's wheel brings along."""
    first, _, rest = path.partition("/")
    library = _LIBRARIES.get(first)
    folder = STATIC if library is None else _nicegui() / library
    wanted = (folder / (path if library is None else rest)).resolve()
    if not (wanted.is_relative_to(folder.resolve()) and wanted.is_file()):
        raise NotFoundError(f"there is no file {path[:100]}", code="no_file")
    caching = "no-cache" if library is None else "public, max-age=86400"
    headers = {"Cache-Control": caching}
    return FileResponse(wanted, media_type=_TYPES.get(wanted.suffix), headers=headers)


def _nicegui() -> Path:
    """Where the wheel lies. Found, not imported: importing takes a second and starts things."""
    spec = find_spec("nicegui")
    if spec is None or not spec.submodule_search_locations:
        raise NotFoundError(
            "the package nicegui, which brings Leaflet and ECharts, is missing",
            code="no_map_library",
        )
    return Path(next(iter(spec.submodule_search_locations)))
