"""The way into a Ray cluster. Ray is an extra: nothing else here needs it."""

from __future__ import annotations

import importlib
import logging
import os
from typing import Any, Final

from detector.types import ConfigError

NAMESPACE: Final = "xunjie"


def ray_library() -> Any:
    """Raises ConfigError where Ray is not installed."""
    # A city's network has no way out, and nobody was asked.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        importlib.import_module("ray.util.scheduling_strategies")
        return importlib.import_module("ray")
    except ImportError as error:
        raise ConfigError("--cluster needs Ray: pip install 'xunjie[cluster]'") from error


def join_ray(ray: Any, address: str) -> None:
    """`auto`, or the head's HOST:PORT. Raises ConfigError."""
    try:
        ray.init(
            address=address,
            namespace=NAMESPACE,
            logging_level=logging.WARNING,
            log_to_driver=False,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigError(f"--cluster {address}: {error}") from error
