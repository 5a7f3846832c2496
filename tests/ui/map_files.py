"""Files for the layers of the map, made here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.config import CityConfig
from api.ui.map_layers import MapLayers
from detector.flights.flight_record import (
    FlightRecord,
    LensRecord,
    PictureRecord,
    ViewRecord,
    write_record,
)

CODE = "320706011000000"


def write_layers(folder: Path) -> dict[str, Any]:
    """A grid of four cells, three covers and one flight of two pictures, as a configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = [
        {
            "type": "Feature",
            "properties": {"code": f"g{n}", "name": f"cell {n}"},
            "geometry": {"type": "Polygon", "coordinates": [_square(119.2 + 0.01 * n, 34.6)]},
        }
        for n in range(4)
    ]
    grid = folder / "grid.geojson"
    grid.write_text(json.dumps({"type": "FeatureCollection", "features": cells}))
    ledger = folder / "covers.csv"
    rows = [f"{CODE}{n},{119.2 + 0.01 * n},34.605,Water works" for n in range(3)]
    ledger.write_text("code,lon,lat,owner\n" + "\n".join(rows) + "\n")
    write_flight(folder / "flights" / "a", "flight a", 119.205, 34.603)
    maps = {"cover_ledger": ledger, "flights": folder / "flights"}
    return {"grids": [{"file": grid}], "map": maps}


def write_flight(folder: Path, name: str, lon_deg: float, lat_deg: float) -> None:
    """Two pictures straight down from 100 m, 60 m apart."""
    folder.mkdir(parents=True)
    lens = LensRecord(
        width_px=4000,
        height_px=3000,
        fx_px=3000,
        fy_px=3000,
        cx_px=2000,
        cy_px=1500,
        distortion=(0, 0, 0, 0, 0),
        focal_error=0.01,
    )
    pictures = tuple(
        PictureRecord(
            name=f"{n}.jpg",
            captured_at=datetime(2026, 5, 4, tzinfo=UTC),
            view=ViewRecord(
                lens=lens,
                east_m=60.0 * n,
                north_m=0,
                up_m=100,
                yaw_deg=0,
                pitch_deg=-90,
                roll_deg=0,
            ),
            position_sigma_m=1,
            tied_to=1,
        )
        for n in range(2)
    )
    record = FlightRecord(
        name=name,
        source="pictures",
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        cell_m=0.1,
        dated_at=datetime(2026, 5, 4, tzinfo=UTC),
        pictures=pictures,
        adjustment_error_m=0.2,
        position_sigma_m=1,
    )
    write_record(folder, record)


def _square(west: float, south: float) -> list[list[float]]:
    east, north = west + 0.01, south + 0.01
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def layers(made: dict[str, Any]) -> MapLayers:
    """As the application makes them of a configuration."""
    city = CityConfig.model_validate(made)
    return MapLayers(city.grids, city.shown_ledger, city.map.flights)
