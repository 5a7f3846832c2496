"""Puts a candidate in the running model's place, and back, without a moment between.

`models/<name>` is what services read. The model that leaves it goes to
`models/.history/<name>/<number>-<version>-<sha256, 8 digits>`; rollback takes the highest number.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from pathlib import Path

from detector.inference.manifest import Manifest, read_manifest
from detector.types import ModelError

_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_AT_CWD = -100  # AT_FDCWD


def promote(candidate: Path, models: Path) -> Path:
    """Copy the candidate beside the running model and swap the two; returns its new folder."""
    manifest = read_manifest(candidate)
    target = models / manifest.name
    kept = models / ".history" / manifest.name
    kept.mkdir(parents=True, exist_ok=True)
    arriving = kept / "arriving"
    shutil.rmtree(arriving, ignore_errors=True)  # left by a promotion that was cut off
    shutil.copytree(candidate, arriving)
    read_manifest(arriving)
    if not target.exists():
        arriving.rename(target)
        return target
    running = read_manifest(target)
    exchange(arriving, target)
    arriving.rename(kept / _label(_last_number(kept) + 1, running))
    return target


def rollback(name: str, models: Path) -> Manifest:
    """Bring back the model that was promoted over last; returns its manifest.

    The model that is taken down stays in the history as `taken-down-...`.
    """
    kept, target = models / ".history" / name, models / name
    number = _last_number(kept)
    if not number:
        raise ModelError(f"{kept}: no earlier model; nothing was promoted over {name}")
    (earlier,) = kept.glob(f"{number:04d}-*")
    returning = read_manifest(earlier)
    leaving = read_manifest(target)
    exchange(earlier, target)
    away = kept / f"taken-down-{_label(number, leaving)}"
    shutil.rmtree(away, ignore_errors=True)
    earlier.rename(away)
    return returning


def exchange(first: Path, second: Path) -> None:
    """Swap two folders of one file system in a single step (Linux)."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise ModelError("this system cannot swap two folders in one step (no renameat2)")
    if call(_AT_CWD, os.fsencode(first), _AT_CWD, os.fsencode(second), _EXCHANGE):
        number = ctypes.get_errno()
        raise ModelError(f"cannot swap {first} and {second}: {os.strerror(number)}")


def _last_number(kept: Path) -> int:
    if not kept.is_dir():
        return 0
    numbers = [re.match(r"(\d{4})-", folder.name) for folder in kept.iterdir()]
    return max((int(match.group(1)) for match in numbers if match), default=0)


def _label(number: int, manifest: Manifest) -> str:
    return f"{number:04d}-{manifest.version}-{manifest.weights.sha256[:8]}"
