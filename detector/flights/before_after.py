"""The pair that shows a finding: the baseline's ground and the later picture, aligned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon

from detector.flights.comparison import Comparison
from detector.flights.config import FlightConfig
from detector.flights.finding import FlightFinding
from detector.flights.flight_folder import read_flight
from detector.flights.flight_record import tiles_of
from detector.flights.ground_window import GroundWindow, Image, rectify
from detector.flights.shot import Shot
from detector.geometry.local_frame import LocalFrame
from detector.types import Box

_MARGIN_M = 8.0
_SHOWN_CELL_M = 0.06
_INK = (40, 40, 230)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeforeAfter:
    """Two north-up pictures (H, W, 3) of the same ground, the outline drawn on both."""

    before: Image
    after: Image

    def beside(self) -> Image:
        gap = np.full((self.before.shape[0], 8, 3), 255, np.uint8)
        return np.hstack([self.before, gap, self.after])


def box_in_pair(finding: FlightFinding, frame: LocalFrame) -> Box:
    """The finding's box on both pictures of its pair, in fractions of their sides."""
    outline = Polygon(frame.to_local(np.array(finding.ring)))
    window = _window(outline)
    ring = window.to_cells(np.array(outline.exterior.coords)) / (window.width, window.height)
    (x1, y1), (x2, y2) = np.clip(ring.min(axis=0), 0, 1), np.clip(ring.max(axis=0), 0, 1)
    return Box(float(x1), float(y1), float(x2), float(y2))


def _window(outline: Polygon) -> GroundWindow:
    return GroundWindow.around(outline, _SHOWN_CELL_M, _MARGIN_M)


class PairMaker:
    """Cuts pairs; keeps the last decoded picture, as neighbours often share it."""

    def __init__(self, base: Path, current: Path, comparison: Comparison) -> None:
        record = comparison.baseline
        self._tiles = tiles_of(base, record.cell_m)
        self._frame = record.frame
        self._results = {r.picture: r for r in comparison.results}
        self._shots: dict[str, Shot] | None = None
        self._current = current
        self._last: tuple[str, Image] | None = None

    def pair(self, finding: FlightFinding, *, drawn: bool = True) -> BeforeAfter | None:
        """None for a finding without a picture of the later flight. `drawn`: with its outline."""
        if not finding.views:
            return None
        outline = Polygon(self._frame.to_local(np.array(finding.ring)))
        window = _window(outline)
        before, _ = self._tiles.read(window)
        record = self._results[finding.views[0].picture].view
        if record is None:
            return None
        image = self._image(finding.views[0].picture)
        after, _ = rectify(image, record.view(), window)
        ring = np.round(window.to_cells(np.array(outline.exterior.coords)) * 16).astype(np.int32)
        for picture in (before, after) if drawn else ():
            cv2.polylines(picture, [ring], True, _INK, 2, cv2.LINE_AA, 4)
        return BeforeAfter(before=before, after=after)

    def _image(self, name: str) -> Image:
        if self._shots is None:
            folder = read_flight(self._current, FlightConfig())
            self._shots = {shot.name: shot for shot in folder.shots}
        if self._last is None or self._last[0] != name:
            self._last = (name, self._shots[name].read())
        return self._last[1]
