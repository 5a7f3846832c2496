"""The scene scripts, imported as they are run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

Scene = Callable[[str], ModuleType]
SCENES = Path(__file__).resolve().parents[2] / "datasets" / "scenes"


@pytest.fixture
def scene() -> Iterator[Scene]:
    """The scripts run by path, so their folder is put on the path for one test only."""
    before = set(sys.modules)
    sys.path.insert(0, str(SCENES))
    try:
        yield import_module
    finally:
        sys.path.remove(str(SCENES))
        for name in set(sys.modules) - before:
            if str(SCENES) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
