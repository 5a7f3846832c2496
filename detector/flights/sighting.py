"""What one picture of the later flight showed against the baseline."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from shapely.geometry import Polygon

from detector.flights.flight_record import ViewRecord
from detector.flights.ground_window import GroundWindow
from detector.geometry.camera_model import View

Ring = tuple[tuple[float, float], ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sighting(_Part):
    """One changed piece: `ring` in metres of the baseline's frame; scores 0 to 1.

    `quality` is how steeply and how far from the picture's edge it was seen, 0 to 1.
    """

    picture: str
    ring: Ring
    area_m2: float
    came: float
    went: float
    quality: float
    class_name: str

    @property
    def outline(self) -> Polygon:
        return Polygon(self.ring)


class PictureResult(_Part):
    """One picture's comparison. `refused` says why it could not be compared."""

    picture: str
    captured_at: datetime
    refused: str | None = None
    view: ViewRecord | None = None
    registration_error_m: float | None = None
    matches: int = 0
    seen: tuple[Ring, ...] = ()  # ground that both flights show, metres
    sightings: tuple[Sighting, ...] = ()  # of things that one picture shows by itself
    likelihood: GroundWindow | None = None  # where its changes lie; they are a file beside it


def lowered(ring: NDArray[np.float64], view: View, height_m: float) -> NDArray[np.float64]:
    """Moves the outline of a roof `height_m` above the surface to its foot.

    Seen on the surface it lies too far from the camera and is too large.
    """
    camera = np.array([view.east_m, view.north_m])
    foot = camera + (ring - camera) * (view.up_m - height_m) / view.up_m
    return np.asarray(foot, np.float64)


def write_result(path: Path, result: PictureResult) -> None:
    """Whole or not at all: the file's presence says that the picture is done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(result.model_dump_json(), encoding="utf-8")
    os.replace(part, path)


def read_result(path: Path) -> PictureResult | None:
    """None where there is none, or one that an older run wrote in another form."""
    try:
        return PictureResult.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
