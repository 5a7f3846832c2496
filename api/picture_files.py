"""Picture files named on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.sources.picture import decode_picture
from detector.types import PictureError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
MAX_BYTES = 64 * 2**20


def picture_paths(arguments: Iterable[Path]) -> Iterator[Path]:
    """Files as named, folders as the pictures in them, in order of name."""
    for path in arguments:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        else:
            yield path


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) BGR picture. Raises PictureError naming the file: absent, unreadable, too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror}") from error
    return decode_picture(data, str(path), max_bytes=MAX_BYTES)
