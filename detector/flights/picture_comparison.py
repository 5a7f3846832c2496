"""Compares one picture of the later flight with the baseline's ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.change_map import change_map
from detector.flights.change_planes import change_planes
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.errors import RegistrationRefused
from detector.flights.flight_record import ViewRecord
from detector.flights.ground_window import GroundWindow, Image, rectify
from detector.flights.ingest import REACH, unusable
from detector.flights.judged import Judge
from detector.flights.likelihood import Likelihood, likelihood_of
from detector.flights.registration import Registration, register
from detector.flights.shot import Shot
from detector.flights.sighting import PictureResult, Ring
from detector.flights.tile_store import TileStore
from detector.flights.view_quality import view_quality
from detector.geometry.footprint import ground_footprint
from detector.geometry.local_frame import LocalFrame
from detector.types import PictureError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """A picture on the baseline's ground. `before`, `after`: (H, W, 3) of the window; `valid`
    (H, W) where both show something; `quality` (H, W) of the view, 0 to 255."""

    registration: Registration
    window: GroundWindow
    before: Image
    after: Image
    valid: NDArray[np.bool_]
    quality: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureComparison:
    """Everything that comparing one picture needs."""

    tiles: TileStore
    frame: LocalFrame
    config: ComparisonConfig
    network: Judge

    def __call__(self, shot: Shot) -> tuple[PictureResult, Likelihood | None]:
        """Never raises for a bad picture: the result says why it was refused."""
        try:
            laid = self.laid(shot)
        except (PictureError, RegistrationRefused) as error:
            refused = PictureResult(
                picture=shot.name, captured_at=shot.captured_at, refused=str(error)
            )
            return refused, None
        change = change_map(laid.before, laid.after, laid.valid, self.tiles.cell_m)
        good = laid.valid & (laid.quality >= self.config.min_quality * 255)
        planes = change_planes(change, laid.valid)
        likelihood = likelihood_of(
            self.network(planes),
            planes,
            np.where(good, laid.quality, 0).astype(np.uint8),
            laid.window,
            laid.registration.view,
            self.config.structure_height_m,
        )
        result = PictureResult(
            picture=shot.name,
            captured_at=shot.captured_at,
            view=ViewRecord.of(laid.registration.view),
            registration_error_m=laid.registration.error_m,
            matches=laid.registration.matches,
            seen=seen_rings(laid.valid, laid.window),
            likelihood=likelihood.window,
        )
        return result, likelihood

    def laid(self, shot: Shot) -> Laid:
        """Both days' ground under one picture. Raises PictureError, RegistrationRefused."""
        image = shot.read()
        fault = unusable(image)
        if fault is not None:
            raise RegistrationRefused(fault)
        done = self._registered(shot, image)
        outline = ground_footprint(done.view, reach=REACH)
        if outline is None:
            raise RegistrationRefused("shows no ground")
        window = GroundWindow.around(outline, self.tiles.cell_m)
        patch, shown = rectify(image, done.view, window)
        before, known = self.tiles.read(window)
        quality = view_quality(done.view, window, shown)
        return Laid(
            registration=done,
            window=window,
            before=before,
            after=patch,
            valid=known & (quality > 0),
            quality=quality,
        )

    def _registered(self, shot: Shot, image: Image) -> Registration:
        view = shot.view(self.frame, self.config.flight)
        outline = ground_footprint(view, reach=REACH) if view else None
        if view is None or outline is None:
            raise RegistrationRefused("; ".join(shot.remarks) or "shows no ground")
        error = shot.pose_error(self.config.flight)
        return register(image, view, error, outline, self.tiles.read, self.config.registration)


def seen_rings(valid: NDArray[np.bool_], window: GroundWindow) -> tuple[Ring, ...]:
    """Outlines of the ground that both flights show, within half a metre or so."""
    found, _ = cv2.findContours(valid.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rings = []
    for contour in found:
        simple = cv2.approxPolyDP(contour, 4, True)[:, 0].astype(np.float64)
        if len(simple) >= 3 and cv2.contourArea(contour) * window.cell_m**2 > 10:
            rings.append(tuple((float(e), float(n)) for e, n in window.to_ground(simple)))
    return tuple(rings)
