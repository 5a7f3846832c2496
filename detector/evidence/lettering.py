"""Text on pictures, Chinese included.

OpenCV 5 brings a Unicode font of its own, so that a bare machine without any font can write
Chinese. `cv2.putText` with the older Hershey fonts would turn it into question marks.
"""

from __future__ import annotations

import threading
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_ELLIPSIS: Final = "…"


class _Fonts(threading.local):
    """A font for each thread: drawing sets the weight within it."""

    def __init__(self) -> None:
        self.uni = cv2.FontFace("uni")


_fonts: Final = _Fonts()


def draw_text(
    image: NDArray[np.uint8],
    text: str,
    top_left_px: tuple[int, int],
    text_px: int,
    colour_bgr: tuple[int, int, int],
) -> None:
    """Writes one line into the picture (H, W, 3), letters `text_px` high, cut at its edges."""
    x, y = top_left_px
    cv2.putText(image, text, (x, y + text_px), colour_bgr, _fonts.uni, text_px)


def text_width_px(text: str, text_px: int) -> int:
    _, _, width_px, _ = cv2.getTextSize((0, 0), text, (0, 0), _fonts.uni, text_px)
    return int(width_px)


def fitted(text: str, text_px: int, width_px: int) -> str:
    """The text, cut with an ellipsis where it is wider than `width_px`."""
    if text_width_px(text, text_px) <= width_px:
        return text
    while text and text_width_px(text + _ELLIPSIS, text_px) > width_px:
        text = text[:-1]
    return text + _ELLIPSIS
