"""A flight as it is kept on disk: its pictures' poses, its ground, what could not be used."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from detector.flights.errors import FlightError
from detector.flights.tile_store import TileStore
from detector.geometry.camera_model import Lens, View
from detector.geometry.local_frame import LocalFrame

FILE = "flight.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LensRecord(_Part):
    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, float, float, float, float]
    focal_error: float


class ViewRecord(_Part):
    lens: LensRecord
    east_m: float
    north_m: float
    up_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float

    @classmethod
    def of(cls, view: View) -> ViewRecord:
        names = LensRecord.model_fields
        lens = LensRecord(**{name: getattr(view.lens, name) for name in names})
        rest = [name for name in cls.model_fields if name != "lens"]
        return cls(lens=lens, **{name: getattr(view, name) for name in rest})

    def view(self) -> View:
        rest = self.model_dump(exclude={"lens"})
        return View(lens=Lens(**self.lens.model_dump()), **rest)


class PictureRecord(_Part):
    """One picture that became part of the ground."""

    name: str
    captured_at: datetime
    view: ViewRecord
    position_sigma_m: float
    tied_to: int
    remarks: tuple[str, ...] = ()


class FlightRecord(_Part):
    """An ingested flight. `dated_at` is the middle picture's time."""

    format: int = 1
    name: str
    source: str  # the pictures' folder
    lon_deg: float
    lat_deg: float
    cell_m: float
    dated_at: datetime
    pictures: tuple[PictureRecord, ...]
    adjustment_error_m: float
    position_sigma_m: float
    not_used: tuple[str, ...] = ()

    @property
    def frame(self) -> LocalFrame:
        return LocalFrame(self.lon_deg, self.lat_deg)


def write_record(folder: Path, record: FlightRecord) -> None:
    """Whole or not at all."""
    part = folder / (FILE + ".part")
    part.write_text(record.model_dump_json(indent=1), encoding="utf-8")
    os.replace(part, folder / FILE)


def read_record(folder: Path) -> FlightRecord:
    """Raises FlightError naming the folder."""
    try:
        return FlightRecord.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError as error:
        raise FlightError(
            f"{folder}: not an ingested flight (no {FILE}); run `xunjie flight ingest`"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise FlightError(f"{folder / FILE}: {where}: {first['msg']}") from error


def tiles_of(folder: Path, cell_m: float) -> TileStore:
    return TileStore(folder / "tiles", cell_m)
