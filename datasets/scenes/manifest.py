"""The list of clips with their checksums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def write_manifest(folder: Path) -> None:
    """Write `manifest.json` over every clip and truth file of a folder."""
    files = sorted([*folder.glob("*.mp4"), *folder.glob("*.truth.json")])
    entries = {f.name: {"sha256": sha256_of(f), "bytes": f.stat().st_size} for f in files}
    (folder / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n")


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
