"""One node of a small city as a process: the whole service, with a model that sees red and blue."""

from __future__ import annotations

import os
from pathlib import Path

import api.released_models
from api.config import read_config
from api.logs import configure_logs
from api.runner import run_service
from tests.api.city import model


def run_node(config: Path, name: str, log: Path) -> None:
    """Until SIGTERM; everything that it says is added to the log."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    configure_logs(as_json=True)
    api.released_models.load_models = lambda *_args, **_kept: (model(),)
    run_service(read_config(config), for_s=None, node=name)
