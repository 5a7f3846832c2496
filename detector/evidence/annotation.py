"""Boxes and a caption on a masked picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from detector.evidence.lettering import draw_text, fitted, text_width_px
from detector.types import Box

# Two colours of Okabe and Ito's palette, told apart with every kind of colour blindness; the
# line's weight tells the roles apart as well. A black casing keeps both visible on any background.
_SUBJECT_BGR: Final = (66, 228, 240)  # yellow
_OTHER_BGR: Final = (233, 180, 86)  # sky blue
_INK_BGR: Final = (0, 0, 0)
_STRIP_BGR: Final = (32, 32, 32)
_PAPER_BGR: Final = (255, 255, 255)


class AnnotationConfig(BaseModel):
    """How evidence is written upon."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: str = "Asia/Shanghai"
    text_share: float = Field(default=0.018, gt=0, le=0.2)
    """Height of the letters as a share of the picture's longer side ..."""

    min_text_px: int = Field(default=14, ge=8)
    """... but not less than this."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {name!r}, e.g. Asia/Shanghai") from error
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A box to draw, in pixels of the picture it is drawn on."""

    box_px: Box
    label: str
    subject: bool = True  # False: drawn fainter, for what is only context


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What the strip below the picture says."""

    title: str  # class or violation with its score, e.g. "stall 0.83 · 占道经营"
    taken_at: datetime  # aware
    clock: str  # as in Frame.clock
    source_name: str
    zone_name: str | None


def annotate(
    image: NDArray[np.uint8],
    marks: Sequence[Mark],
    caption: Caption,
    config: AnnotationConfig,
) -> NDArray[np.uint8]:
    """A copy with the boxes drawn and a caption strip added below, so that it covers nothing.

    `image` (H, W, 3) uint8 BGR; the result is higher, and its first H rows are the picture.
    """
    text_px = max(config.min_text_px, round(config.text_share * max(image.shape[:2])))
    drawn = image.copy()
    for mark in sorted(marks, key=lambda mark: mark.subject):
        _draw_mark(drawn, mark, text_px)
    return np.vstack([drawn, _strip(image.shape[1], _lines(caption, config), text_px)])


def _lines(caption: Caption, config: AnnotationConfig) -> list[str]:
    taken_at = caption.taken_at.astimezone(ZoneInfo(config.time_zone))
    clock = "" if caption.clock == "wall" else f" ({caption.clock} clock)"
    place = " · ".join(filter(None, (caption.source_name, caption.zone_name)))
    return [
        caption.title,
        f"{taken_at:%Y-%m-%d %H:%M:%S} {taken_at:%z}".strip() + clock,
        place,
    ]


def _strip(width_px: int, lines: list[str], text_px: int) -> NDArray[np.uint8]:
    pad_px = text_px // 2
    rows = _packed(lines, text_px, width_px - 2 * pad_px)
    row_px = round(text_px * 1.5)
    strip = np.full((len(rows) * row_px + 2 * pad_px, width_px, 3), _STRIP_BGR, np.uint8)
    for index, row in enumerate(rows):
        draw_text(strip, row, (pad_px, pad_px + index * row_px), text_px, _PAPER_BGR)
    return strip


def _packed(parts: list[str], text_px: int, width_px: int) -> list[str]:
    """Parts side by side while they fit into a row; a part too long for a row is cut."""
    rows: list[str] = []
    for part in parts:
        joined = f"{rows[-1]}   {part}" if rows else part
        if rows and text_width_px(joined, text_px) <= width_px:
            rows[-1] = joined
        else:
            rows.append(fitted(part, text_px, width_px))
    return rows


def _draw_mark(image: NDArray[np.uint8], mark: Mark, text_px: int) -> None:
    colour = _SUBJECT_BGR if mark.subject else _OTHER_BGR
    line_px = max(2, text_px // 6) if mark.subject else 1
    x1, y1, x2, y2 = (round(value) for value in mark.box_px.as_tuple())
    cv2.rectangle(image, (x1, y1), (x2, y2), _INK_BGR, line_px + 2)
    cv2.rectangle(image, (x1, y1), (x2, y2), colour, line_px)
    if mark.label:
        _draw_label(image, mark.label, (x1, y1), text_px, colour)


def _draw_label(
    image: NDArray[np.uint8],
    label: str,
    corner_px: tuple[int, int],
    text_px: int,
    colour: tuple[int, int, int],
) -> None:
    """A chip above the box, moved into the picture where it would be cut."""
    height_px, width_px = image.shape[:2]
    text = fitted(label, text_px, width_px - 8)
    chip_width_px, chip_height_px = text_width_px(text, text_px) + 8, round(text_px * 1.4)
    x = max(0, min(corner_px[0], width_px - chip_width_px))
    y = max(0, min(corner_px[1] - chip_height_px, height_px - chip_height_px))
    lower_right = (x + chip_width_px, y + chip_height_px)
    cv2.rectangle(image, (x, y), lower_right, colour, cv2.FILLED)
    cv2.rectangle(image, (x, y), lower_right, _INK_BGR, 1)
    draw_text(image, text, (x + 4, y + text_px // 8), text_px, _INK_BGR)
