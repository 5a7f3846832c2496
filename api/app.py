"""The HTTP application over a service."""

from __future__ import annotations

from fastapi import FastAPI

from api import problems
from api.metrics import metrics_registry
from api.routes import cases, deliveries, frames, health, incidents, overview, sources
from api.service import Service

DESCRIPTION = """
Watches city cameras, finds street-order violations, files each exactly once.

Times are ISO 8601 with their offset; boxes are fractions (0 to 1) of the picture's width and
height; a list is newest first, and `next_cursor` gives its next page. Errors are
`{"detail": "what is wrong and how to mend it"}`.
"""


def create_app(service: Service) -> FastAPI:
    """The application; it neither starts nor stops the service."""
    app = FastAPI(title="Xunjie", version="0.1.0", description=DESCRIPTION)
    app.state.service = service
    app.state.metrics = metrics_registry(service)
    problems.install(app)
    for module in (health, frames, sources, incidents, cases, deliveries, overview):
        app.include_router(module.router)
    return app
