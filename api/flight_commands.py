"""`xunjie flight`: what a flight shows, what is new since the last one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from detector.flights.city_bounds import CityBounds
from detector.flights.config import FlightConfig
from detector.flights.flight_folder import FlightFolder, read_flight
from detector.flights.footprint_map import footprint_map
from detector.flights.inspection import InspectedShot, as_json, inspect_shot, origin_of
from detector.types import XunjieError

flight_app = typer.Typer(no_args_is_help=True, help=__doc__)
errors = Console(stderr=True)

_Bounds = Annotated[
    str | None, typer.Option(help="The city's WEST,SOUTH,EAST,NORTH in WGS-84 degrees")
]
_Surface = Annotated[
    float, typer.Option(help="Height of the roofs looked at above take-off, metres")
]


@flight_app.command()
def inspect(
    folder: Annotated[Path, typer.Argument(help="Photographs, or videos with telemetry")],
    as_json_lines: Annotated[
        bool, typer.Option("--json", help="One JSON array with pose, position and footprint")
    ] = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Where the map of footprints goes (HTML)")
    ] = None,
    bounds: _Bounds = None,
    surface_m: _Surface = 0.0,
) -> None:
    """Shows where each picture was taken and what ground it covers; exit code 1 with faults."""
    config = flight_config(bounds, surface_m)
    try:
        flight = read_flight(folder, config)
    except XunjieError as error:
        raise _refused(error) from error
    found = _inspected(flight, config)
    page = footprint_map(f"{folder.name}: footprints", found, flight.faults)
    if map_file is not None or not as_json_lines:
        target = map_file or Path(f"{folder.resolve().name}-footprints.html")
        target.write_text(page, encoding="utf-8")
        errors.print(f"map: {target}", markup=False, soft_wrap=True)
    for fault in flight.faults:
        errors.print(fault, style="red", markup=False, soft_wrap=True)
    if as_json_lines:
        rows = [as_json(one) for one in found]
        sys.stdout.write(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    else:
        Console().print(_table(found))
    raise typer.Exit(1 if flight.faults else 0)


def flight_config(bounds: str | None, surface_m: float) -> FlightConfig:
    """The configuration of the options; exit code 2 for bounds that are none."""
    return FlightConfig(bounds=_bounds(bounds), surface_above_takeoff_m=surface_m)


def _bounds(text: str | None) -> CityBounds | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        return CityBounds(west_deg=west, south_deg=south, east_deg=east, north_deg=north)
    except (ValueError, ValidationError) as error:
        message = "--bounds: WEST,SOUTH,EAST,NORTH in degrees are needed, such as 118,34,120,35.2"
        raise typer.BadParameter(message) from error


def _inspected(flight: FlightFolder, config: FlightConfig) -> list[InspectedShot]:
    try:
        frame = origin_of(flight)
    except XunjieError as error:
        raise _refused(error) from error
    return [inspect_shot(shot, frame, config) for shot in flight.shots]


def _refused(error: XunjieError) -> typer.Exit:
    errors.print(str(error), style="red", markup=False, soft_wrap=True)
    return typer.Exit(2)


def _table(found: list[InspectedShot]) -> Table:
    legend = _legend(found)
    table = Table("picture", "taken at", "lon, lat", "height", "pitch", "yaw", "±m", "m²", "note")
    for one in found:
        told = one.shot.telemetry
        place = "-" if told.lon_deg is None else f"{told.lon_deg:.6f},\n{told.lat_deg:.6f}"
        table.add_row(
            one.shot.name,
            f"{one.shot.captured_at:%Y-%m-%d\n%H:%M:%S}",
            place,
            _text(told.height_above_takeoff_m, 1),
            _text(told.gimbal_pitch_deg, 1),
            _text(told.gimbal_yaw_deg, 1),
            _text(one.error_radius_m, 1),
            _text(None if one.footprint_m is None else one.footprint_m.area, 0),
            " ".join(str(legend[remark]) for remark in one.shot.remarks),
        )
    notes = "\n".join(f"{number}: {remark}" for remark, number in legend.items())
    table.caption = f"±m: radius that holds the picture's centre in 95 of 100 cases\n{notes}"
    return table


def _legend(found: list[InspectedShot]) -> dict[str, int]:
    remarks = dict.fromkeys(remark for one in found for remark in one.shot.remarks)
    return {remark: number for number, remark in enumerate(remarks, 1)}


def _text(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


@flight_app.callback()
def flight() -> None:
    """Drone flights: where they looked, what they show, what is new since the last one."""
