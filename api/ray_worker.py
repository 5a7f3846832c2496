"""The service of one machine as a Ray actor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from api.app import create_app
from api.config import CityConfig
from api.logs import configure_logs
from api.server import start_server
from api.service import Service
from detector.types import Detector

Detectors = Callable[[], Sequence[Detector]]


class RayWorker:
    """A whole node: looks, couriers, pages on a free port. Ray only starts it and sees that it
    lives; which cameras it has, and whether its word counts, the database decides."""

    def __init__(self, config: CityConfig, name: str, detectors: Detectors | None) -> None:
        """Raises ConfigError, ModelError or DiskFull; Ray then tries again."""
        configure_logs(as_json=True)
        self._digest = digest_of(config)
        # Several workers may stand on one machine; each has its own port and says where it is.
        own = {
            "http": config.http.model_copy(update={"port": 0}),
            "cluster": config.cluster.model_copy(update={"address": None}),
        }
        config = config.model_copy(update=own)
        self._service = Service(config, detectors=detectors and detectors(), node=name)
        self._web = start_server(create_app(self._service), config.http)
        self._service.answers_at(self._web.url)
        self._service.start()

    def digest(self) -> str:
        """Of the configuration that it was started with."""
        return self._digest

    def stop(self) -> None:
        """Hands its cameras back; idempotent."""
        self._web.stop()
        self._service.stop()


def digest_of(config: CityConfig) -> str:
    """The same in every process, also where sets are written in another order."""
    text = json.dumps(config.model_dump(), sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)
