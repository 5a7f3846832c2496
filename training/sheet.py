"""A sheet of small pictures, each with one object marked: worst misses, worst false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from training.sizes import Fault

CELL_PX = 240
COLUMNS = 6
CAPTION_PX = 20
AROUND = 1.5
"""How much of the picture a cell shows: the object's longer side times this, to each side."""

_MARK = (0, 0, 255)


def write_sheet(faults: Sequence[Fault], pictures: Path, target: Path) -> None:
    """Write a PNG of the faults; `pictures` is the folder of the dataset's picture files."""
    cells = [_cell(fault, pictures) for fault in faults]
    blank = np.full((CELL_PX + CAPTION_PX, CELL_PX, 3), 255, np.uint8)
    cells += [blank] * (-len(cells) % COLUMNS or (COLUMNS if not cells else 0))
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), np.vstack(rows))


def _cell(fault: Fault, pictures: Path) -> np.ndarray:
    image = cv2.imread(str(pictures / fault.picture))
    if image is None:
        raise FileNotFoundError(f"{pictures / fault.picture}: not a readable picture")
    left, top, right, bottom = (round(value) for value in fault.xyxy)
    reach = max(round(max(right - left, bottom - top) * AROUND), 16)
    x, y = (left + right) // 2, (top + bottom) // 2
    padded = cv2.copyMakeBorder(
        image, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=(114, 114, 114)
    )
    window = padded[y : y + 2 * reach, x : x + 2 * reach]
    scale = CELL_PX / (2 * reach)
    cell = cv2.resize(window, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    first = (round((left - x + reach) * scale), round((top - y + reach) * scale))
    last = (round((right - x + reach) * scale), round((bottom - y + reach) * scale))
    cv2.rectangle(cell, first, last, _MARK, 2)
    caption = np.full((CAPTION_PX, CELL_PX, 3), 255, np.uint8)
    text = f"{fault.name} {fault.score:.2f}"
    cv2.putText(caption, text, (3, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([cell, caption])
