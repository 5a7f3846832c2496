"""Gets models ready before the first look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

COMMON_SIZES_PX: Final = ((1920, 1080), (1280, 960))
"""16:9 and 4:3: what nearly every camera sends, the commoner first. Others are compiled at their
first look, which holds up no look of another shape."""


def warm_up(
    detectors: Iterable[Any], sizes_px: Sequence[tuple[int, int]] = COMMON_SIZES_PX
) -> None:
    """Compiles each released model for pictures of those (width, height); fakes have nothing to
    compile, and what is ready stays as it is."""
    for detector in detectors:
        warm = getattr(detector, "warm", None)
        if warm is not None:
            warm(sizes_px)
