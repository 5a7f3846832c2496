"""Where the shared pictures and clips are, if they are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("XUNJIE_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the shared pictures and clips are absent (XUNJIE_SHARED)")
    return folder / "data"


def released() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "models").glob("*/manifest.json"))
