"""The HTTP application over a service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from api import problems
from api.auth import account_routes, oidc_routes, original_routes, session_routes
from api.auth.guard import authorize
from api.auth.install import install
from api.auth.oidc import Oidc
from api.metrics import metrics_registry
from api.routes import (
    cases,
    deliveries,
    exchange,
    flights,
    frames,
    health,
    incidents,
    nodes,
    outcomes,
    reference,
    sources,
)
from api.service import Service
from api.ui import (
    camera_routes,
    clip_routes,
    export_routes,
    figures_routes,
    map_routes,
    model_routes,
    page_routes,
    review_routes,
    settings_routes,
)
from api.ui.camera_book import CameraBook
from api.ui.clip_desk import ClipDesk
from api.ui.committer import Committer
from api.ui.map_layers import MapLayers

DESCRIPTION = """
Watches city cameras, finds street-order violations, files each exactly once.

Every request needs a session (the cookie of a signed-in person; writing requests send the
session's token as `X-CSRF-Token` besides) or an API key: `Authorization: Bearer xj_…`.
Times are ISO 8601 with their offset; boxes are fractions (0 to 1) of the picture's width and
height; a list is newest first, and `next_cursor` gives its next page. What is refused is answered
by a problem of RFC 9457: `detail` tells in English what is wrong and how to mend it, `code` names
it for programs, `values` are what it is about; `faults` names the fields of a request that cannot
be read.
"""
_ALWAYS = (
    health,
    reference,
    session_routes,
    oidc_routes,
    account_routes,
    original_routes,
    frames,
    flights,
    nodes,
    sources,
    incidents,
    cases,
    outcomes,
    deliveries,
    exchange,
    review_routes,
    settings_routes,
    camera_routes,
    clip_routes,
    export_routes,
    figures_routes,
    map_routes,
    model_routes,
)


def create_app(service: Service) -> FastAPI:
    """The application; it neither starts nor stops the service."""
    app = FastAPI(
        title="Xunjie",
        version="0.1.0",
        description=DESCRIPTION,
        dependencies=[Depends(authorize)],
        lifespan=_committing,
        # The ready-made pages of these load their scripts from outside.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    config = service.config
    app.state.service = service
    app.state.oidc = Oidc(config.access.oidc) if config.access.oidc else None
    app.state.review = review_routes.review_desk(service)
    app.state.clips = ClipDesk(service)
    app.state.figures = figures_routes.day_counts(service)
    app.state.cameras = CameraBook(lambda: service.config)
    app.state.layers = MapLayers(config.grids, config.shown_ledger, config.map.flights)
    app.state.metrics = metrics_registry(service)
    problems.install(app)
    install(app, service.access, config.http.max_upload_bytes, config.map.tile_origin)
    for router in routers(pages=config.pages):
        app.include_router(router)
    return app


def routers(*, pages: bool) -> list[APIRouter]:
    """Everything that answers; without `pages` the service is headless."""
    modules = (*_ALWAYS, page_routes) if pages else _ALWAYS
    return [module.router for module in modules]


@asynccontextmanager
async def _committing(app: FastAPI) -> AsyncIterator[None]:
    """While the application answers, verdicts are committed when their time for undoing ends."""
    committer = Committer(app.state.review, app.state.service.wake_couriers)
    committer.start()
    app.state.figures.warm(days=2 * 183)
    yield
    app.state.figures.stop()
    app.state.clips.stop()
    committer.stop()
