"""Recordings named on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset(
    {".mp4", ".mkv", ".avi", ".mov", ".ts", ".m4v", ".flv", ".webm", ".mpg", ".mpeg", ".dav"}
)


def video_paths(arguments: Iterable[Path]) -> Iterator[Path]:
    """Files as named, folders as the recordings in them, in order of name; each once."""
    seen: set[Path] = set()
    for argument in arguments:
        for path in _within(argument):
            if path.absolute() not in seen:
                seen.add(path.absolute())
                yield path


def _within(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [path]
