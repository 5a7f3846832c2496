"""Where the shared pictures and clips are, if they are."""

import logging
import os
from pathlib import Path

import pytest
import structlog

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("XUNJIE_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the shared pictures and clips are absent (XUNJIE_SHARED)")
    return folder / "data"


def released() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "models").glob("*/manifest.json"))


@pytest.fixture(autouse=True)
def _logs_as_before():
    """A command that a test calls may set logging up for its own, soon closed, stderr."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
