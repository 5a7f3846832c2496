"""A release without its second pass: what others compute of the same weights."""

from __future__ import annotations

import json
from pathlib import Path


def in_one_pass(folder: Path, copy: Path) -> Path:
    """The release's folder again, but for that rule; its other files are links."""
    copy.mkdir(parents=True)
    for path in folder.iterdir():
        (copy / path.name).symlink_to(path.resolve())
    manifest = copy / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8")) | {"mirrored": None, "smaller": None}
    manifest.unlink()
    manifest.write_text(json.dumps(told), encoding="utf-8")
    return copy
