"""Gets models ready before the first look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

COMMON_SIZES_PX: Final = ((1920, 1080), (1280, 960))
"""16:9 and 4:3: what nearly every camera sends. Others are compiled at their first look, which
holds up no look of another shape."""


def warm_up(detectors: Iterable[Any]) -> None:
    """Compiles each released model for the common pictures; fakes have nothing to compile."""
    for detector in detectors:
        warm = getattr(detector, "warm", None)
        if warm is not None:
            warm(COMMON_SIZES_PX)
