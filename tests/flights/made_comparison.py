"""A comparison with one finding of each kind, put together without comparing any pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import beside  # noqa: F401
import numpy as np
from shapely.geometry import Polygon, box
from sim_camera import Light
from sim_flight import Plan, fly, views
from sim_ground import made_ground
from sim_scene import Scene, Structure
from sim_texture import sheet

from detector.flights.comparison import Comparison
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.flight_record import FlightRecord, ViewRecord, tiles_of, write_record
from detector.flights.ground_window import GroundWindow
from detector.flights.ledger import Ledger, LedgerRow
from detector.flights.merging import Merged
from detector.flights.sighting import PictureResult, Sighting
from detector.flights.verdicts import VerdictContext, conclude

AT = datetime(2026, 5, 10, 2, 0, tzinfo=UTC)
LATER = AT + timedelta(days=40)
CELL_M = 0.12
NEW = np.array([[2, 7], [8, 7], [8, 3], [2, 3]], float)
GONE = np.array([[-8, -4], [-3, -4], [-3, -8], [-8, -8]], float)
STANDS = np.array([[2, -4], [6, -4], [6, -8], [2, -8]], float)
_PICTURE = "DJI_0001.JPG"


@dataclass(frozen=True)
class MadeComparison:
    comparison: Comparison
    base: Path
    current: Path
    ledger: Ledger  # rows "torn-down" and "stands"


def made_comparison(folder: Path, baseline: str = "estate-may") -> MadeComparison:
    """A shed came, one of the ledger's went, another one stands."""
    ground = made_ground(4, side_m=60)
    before, after = Scene.of(ground), Scene.of(ground)
    before.build(_shed("gone", GONE, "red"))
    after.build(_shed("new", NEW, "blue"))
    plan = Plan(area_m=(0, 0, 0.1, 0.1), height_m=40, size_px=(640, 480), starts_at=LATER)
    fly(after, plan, folder / "after", 2, Light())
    base = folder / baseline
    frame = ground.frame
    window = GroundWindow.around(box(-25, -25, 25, 25), CELL_M)
    columns, rows = np.meshgrid(np.arange(window.width), np.arange(window.height))
    spots = ground.to_px(
        window.to_ground(np.stack([columns, rows], -1).reshape(-1, 2).astype(float))
    )
    x, y = np.clip(np.round(spots).astype(int), 0, np.array(before.image.shape[1::-1]) - 1).T
    patch = before.image[y, x].reshape(window.height, window.width, 3)
    tiles = tiles_of(base, CELL_M)
    tiles.lay(window, patch, np.full(patch.shape[:2], 200, np.uint8))
    tiles.flush()
    lon, lat = frame.to_lon_lat(np.zeros((1, 2)))[0]
    record = FlightRecord(
        name=baseline,
        source=str(folder / "before"),
        lon_deg=float(lon),
        lat_deg=float(lat),
        cell_m=CELL_M,
        dated_at=AT,
        pictures=(),
        adjustment_error_m=0.1,
        position_sigma_m=0.6,
    )
    write_record(base, record)
    true = json.loads((folder / "after" / "poses.json").read_text())[_PICTURE]
    view = ViewRecord.of(replace(views(plan)[0], **true))
    changes = [_merged(NEW, came=0.9, went=0.05), _merged(GONE, came=0.05, went=0.85)]
    result = PictureResult(
        picture=_PICTURE,
        captured_at=LATER,
        view=view,
        registration_error_m=0.12,
        seen=(tuple(map(tuple, np.array(box(-20, -15, 20, 15).exterior.coords).tolist())),),
        sightings=tuple(s for one in changes for s in one.sightings),
    )
    dark = PictureResult(picture="DJI_0002.JPG", captured_at=LATER, refused="too dark")
    rows_of = (("torn-down", GONE), ("stands", STANDS))
    ledger = Ledger(
        tuple(
            LedgerRow(
                id=name,
                status="existing",
                geometry={"type": "Polygon", "coordinates": [_closed(frame.to_lon_lat(corners))]},
            )
            for name, corners in rows_of
        )
    )
    seen = box(-20, -15, 20, 15)
    context = VerdictContext(
        baseline=record,
        current_at=LATER,
        results={_PICTURE: result},
        buildings=None,
        ledger=ledger,
        seen=seen,
        config=ComparisonConfig(),
    )
    comparison = Comparison(
        baseline=record,
        current_name="estate-june",
        current_at=LATER,
        findings=tuple(conclude(changes, context)),
        results=(result, dark),
        faults=(),
        seen=seen,
    )
    return MadeComparison(comparison, base, folder / "after", ledger)


def _shed(name: str, corners: np.ndarray, colour: str) -> Structure:
    return Structure(
        id=name,
        kind="rooftop_shed",
        corners_m=corners,
        height_m=2.4,
        texture=sheet(np.random.default_rng(3), 30, 46, 0.13, colour),
        building_id="b",
    )


def _closed(ring: np.ndarray) -> list[list[float]]:
    return [*ring.tolist(), ring[0].tolist()]


def _merged(corners: np.ndarray, came: float, went: float) -> Merged:
    outline = Polygon(corners)
    sighting = Sighting(
        picture=_PICTURE,
        ring=tuple(map(tuple, corners.tolist())),
        area_m2=outline.area,
        came=came,
        went=went,
        quality=0.9,
        class_name="rooftop_shed",
    )
    return Merged(
        outline=outline,
        area_m2=outline.area,
        area_error_m2=2.0,
        spread_m=0.1,
        came=came,
        went=went,
        class_name="rooftop_shed",
        sightings=(sighting,),
        shown_in=1,
    )
