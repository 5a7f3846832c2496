"""Check this set's pictures, where XUNJIE_SHARED says they lie, against the recorded hashes."""

from __future__ import annotations

from pathlib import Path

from training.commands import check

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    check(here.name, here / "manifest.json", None)
