"""Compares one picture of the later flight with the baseline's ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.candidate import candidates
from detector.flights.change_map import change_map
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.errors import RegistrationRefused
from detector.flights.flight_record import ViewRecord
from detector.flights.ground_window import GroundWindow, Image, rectify
from detector.flights.ingest import REACH, unusable
from detector.flights.judged import Judge, Judged, judge, planes_of
from detector.flights.registration import Registration, register
from detector.flights.shot import Shot
from detector.flights.sighting import PictureResult, Ring, Sighting, lowered
from detector.flights.tile_store import TileStore
from detector.flights.view_quality import view_quality
from detector.geometry.footprint import ground_footprint
from detector.geometry.local_frame import LocalFrame
from detector.types import PictureError


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureComparison:
    """Everything that comparing one picture needs."""

    tiles: TileStore
    frame: LocalFrame
    config: ComparisonConfig
    network: Judge

    def __call__(self, shot: Shot) -> PictureResult:
        """Never raises for a bad picture: the result says why it was refused."""
        try:
            image = shot.read()
            fault = unusable(image)
            if fault is not None:
                return _refused(shot, fault)
            done = self._registered(shot, image)
        except (PictureError, RegistrationRefused) as error:
            return _refused(shot, str(error))
        return self._compared(shot, image, done)

    def _registered(self, shot: Shot, image: Image) -> Registration:
        view = shot.view(self.frame, self.config.flight)
        outline = ground_footprint(view, reach=REACH) if view else None
        if view is None or outline is None:
            raise RegistrationRefused("; ".join(shot.remarks) or "shows no ground")
        error = shot.pose_error(self.config.flight)
        return register(image, view, error, outline, self.tiles.read, self.config.registration)

    def _compared(self, shot: Shot, image: Image, done: Registration) -> PictureResult:
        outline = ground_footprint(done.view, reach=REACH)
        if outline is None:
            return _refused(shot, "shows no ground")
        window = GroundWindow.around(outline, self.tiles.cell_m)
        patch, shown = rectify(image, done.view, window)
        before, known = self.tiles.read(window)
        quality = view_quality(done.view, window, shown)
        valid = known & (quality > 0)
        change = change_map(before, patch, valid, self.tiles.cell_m)
        found = candidates(change, valid, self.tiles.cell_m, self.config.candidate)
        judged = judge(found, planes_of(change), self.tiles.cell_m, self.network)
        return PictureResult(
            picture=shot.name,
            captured_at=shot.captured_at,
            view=ViewRecord.of(done.view),
            registration_error_m=done.error_m,
            matches=done.matches,
            seen=seen_rings(valid, window),
            sightings=tuple(self._sighting(shot, one, done, window, quality) for one in judged),
        )

    def _sighting(
        self,
        shot: Shot,
        one: Judged,
        done: Registration,
        window: GroundWindow,
        quality: NDArray[np.uint8],
    ) -> Sighting:
        ring = window.to_ground(one.corners)
        middle = np.round(one.corners.mean(axis=0)).astype(int)
        x, y = np.clip(middle, 0, (window.width - 1, window.height - 1))
        height_m = self.config.structure_height_m
        shrink = 1.0
        if one.came >= one.went:
            ring = lowered(ring, done.view, height_m)
            shrink = ((done.view.up_m - height_m) / done.view.up_m) ** 2
        return Sighting(
            picture=shot.name,
            ring=tuple((float(e), float(n)) for e, n in ring),
            area_m2=one.area_m2 * shrink,
            came=one.came,
            went=one.went,
            quality=float(quality[y, x]) / 255,
            class_name="rooftop_shed",
        )


def _refused(shot: Shot, reason: str) -> PictureResult:
    return PictureResult(picture=shot.name, captured_at=shot.captured_at, refused=reason)


def seen_rings(valid: NDArray[np.bool_], window: GroundWindow) -> tuple[Ring, ...]:
    """Outlines of the ground that both flights show, within half a metre or so."""
    found, _ = cv2.findContours(valid.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rings = []
    for contour in found:
        simple = cv2.approxPolyDP(contour, 4, True)[:, 0].astype(np.float64)
        if len(simple) >= 3 and cv2.contourArea(contour) * window.cell_m**2 > 10:
            rings.append(tuple((float(e), float(n)) for e, n in window.to_ground(simple)))
    return tuple(rings)
