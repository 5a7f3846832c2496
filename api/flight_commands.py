"""`xunjie flight`: what a flight shows, what is new since the last one."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from api.config import CityConfig, read_config
from api.flight_desk import FlightPlaces, city_ledger, file_comparison, flight_rule, flights_folder
from api.service import open_records
from detector.flights.archive import LEDGER
from detector.flights.buildings import Buildings, read_buildings
from detector.flights.change_network import ChangeNetwork
from detector.flights.city_bounds import CityBounds
from detector.flights.comparison import Comparison, compare
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.config import FlightConfig
from detector.flights.flight_files import write_findings, write_reports
from detector.flights.flight_folder import FlightFolder, read_flight
from detector.flights.flight_record import FILE as RECORD
from detector.flights.flight_record import FlightRecord, read_record
from detector.flights.footprint_map import footprint_map
from detector.flights.from_air import find_from_air
from detector.flights.ingest import ingest
from detector.flights.inspection import InspectedShot, as_json, inspect_shot, origin_of
from detector.flights.ledger import Ledger, read_ledger, write_ledger
from detector.flights.striking_off import strike_off_from
from detector.inference import load_model, usable_cores
from detector.types import XunjieError

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "models" / "rooftop_change"
AERIAL = ROOT / "models" / "aerial"

flight_app = typer.Typer(no_args_is_help=True, help=__doc__)
errors = Console(stderr=True)

_Bounds = Annotated[
    str | None, typer.Option(help="The city's WEST,SOUTH,EAST,NORTH in WGS-84 degrees")
]
_Surface = Annotated[
    float, typer.Option(help="Height of the roofs looked at above take-off, metres")
]
_Work = Annotated[Path, typer.Option(help="Where flights and their work are kept")]
_Buildings = Annotated[Path | None, typer.Option(help="Building footprints, GeoJSON in WGS-84")]
_LedgerFile = Annotated[Path | None, typer.Option(help="The ledger, .csv or .geojson")]
_City = Annotated[
    Path | None, typer.Option("--config", "-c", help="The city's YAML file: files what is found")
]
_Network = Annotated[Path, typer.Option(help="Folder of the change network")]
_WORK = Path("var/flights")


@flight_app.callback()
def flight() -> None:
    """Drone flights: where they looked, what they show, what is new since the last one."""


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


@flight_app.command("ingest")
def ingest_command(
    folder: Annotated[Path, typer.Argument(help="Photographs, or videos with telemetry")],
    work: _Work = _WORK,
    bounds: _Bounds = None,
    surface_m: _Surface = 0.0,
) -> None:
    """Makes a flight of a folder: poses that agree, the ground as tiles. Goes on after a kill."""
    record, kept = _ingested(folder, work, flight_config(bounds, surface_m))
    for text in record.not_used:
        errors.print(text, style="yellow", markup=False, soft_wrap=True)
    errors.print(
        f"{kept}: {len(record.pictures)} pictures of {record.dated_at:%Y-%m-%d %H:%M}, "
        f"they agree within {record.adjustment_error_m:.2f} m",
        markup=False,
        soft_wrap=True,
    )


@flight_app.command("compare")
def compare_command(
    base: Annotated[Path, typer.Argument(help="The baseline: an ingested flight or its pictures")],
    current: Annotated[Path, typer.Argument(help="The later flight's pictures")],
    as_json_text: Annotated[
        bool, typer.Option("--json", help="Print a GeoJSON FeatureCollection")
    ] = False,
    work: _Work = _WORK,
    buildings: _Buildings = None,
    ledger: _LedgerFile = None,
    bounds: _Bounds = None,
    surface_m: _Surface = 0.0,
    network: _Network = NETWORK,
    config: _City = None,
) -> None:
    """Says what is new, grown, unchanged, removed or not visible since the baseline.

    With --config the service gets it: an incident for each new addition, once; rows of what is
    gone wait on the page for an officer who strikes them off the ledger (or go at once, where the
    city's `flights: strike_off` is `automatic`); the pages show both days' pictures.
    """
    city = _city(config)
    if city is not None:
        work = flights_folder(city) if work == _WORK else work
        ledger = ledger or city_ledger(city)
    options = _Options(base, current, work, buildings, ledger, bounds, surface_m, network)
    comparison, kept = _compared(options)
    if city is not None and ledger is not None:
        places = FlightPlaces(
            place=options.place(kept), base=kept, current=_pictures_of(current), ledger=ledger
        )
        _file(city, places, comparison, ChangeNetwork(network).sha256, "rooftop")
    if as_json_text:
        text = json.dumps(comparison.collection(), indent=1, ensure_ascii=False)
        sys.stdout.write(text + "\n")
    else:
        Console().print(_findings_table(comparison))


@flight_app.command("vendors")
def vendors_command(
    flight: Annotated[Path, typer.Argument(help="An ingested flight or its pictures")],
    as_json_text: Annotated[
        bool, typer.Option("--json", help="Print a GeoJSON FeatureCollection")
    ] = False,
    work: _Work = _WORK,
    bounds: _Bounds = None,
    surface_m: _Surface = 0.0,
    model: Annotated[Path, typer.Option(help="Folder of the aerial model")] = AERIAL,
    config: _City = None,
) -> None:
    """Finds vendors' parasols in one flight and puts them on the ground; --config files them."""
    city = _city(config)
    work = flights_folder(city) if city is not None and work == _WORK else work
    flight_settings = flight_config(bounds, surface_m)
    _, kept = _ingested(flight, work, flight_settings)
    try:
        rule = flight_rule(city or CityConfig(), "air_vendor")
        detector = load_model(
            model, threads=1, at_once=usable_cores(), choices=work / "engines.json"
        )
        with _progress() as (progress, _):
            found = find_from_air(
                kept, detector, rule.classes, ComparisonConfig(flight=flight_settings), progress
            )
    except XunjieError as error:
        raise _refused(error) from error
    if city is not None:
        places = FlightPlaces(
            place=work / f"{kept.name}--vendors",
            base=kept,
            current=_pictures_of(kept),
            ledger=city_ledger(city),
        )
        _file(city, places, found, detector.sha256, "air_vendor")
    if as_json_text:
        text = json.dumps(found.collection(), indent=1, ensure_ascii=False)
        sys.stdout.write(text + "\n")
    else:
        Console().print(_findings_table(found))


@flight_app.command("report")
def report_command(
    base: Annotated[Path, typer.Argument(help="The baseline: an ingested flight or its pictures")],
    current: Annotated[Path, typer.Argument(help="The later flight's pictures")],
    out: Annotated[Path, typer.Option(help="Where report.html and report.pdf go")],
    work: _Work = _WORK,
    buildings: _Buildings = None,
    ledger: _LedgerFile = None,
    bounds: _Bounds = None,
    surface_m: _Surface = 0.0,
    network: _Network = NETWORK,
) -> None:
    """Writes the flight's report: coverage, what was found, what could not be judged and why."""
    options = _Options(base, current, work, buildings, ledger, bounds, surface_m, network)
    comparison, kept = _compared(options)
    try:
        with _progress() as (progress, _):
            paths = write_reports(out, kept, _pictures_of(current), comparison, progress)
    except XunjieError as error:
        raise _refused(error) from error
    for path in paths:
        errors.print(str(path), markup=False, soft_wrap=True)


@flight_app.command("ledger")
def ledger_command(
    files: Annotated[list[Path], typer.Argument(help="Ledgers; later ones win where ids agree")],
    out: Annotated[Path, typer.Option(help="Where the ledger goes, .csv or .geojson")],
    strike_off: Annotated[
        Path | None, typer.Option(help="findings.geojson of a comparison: removed rows go off")
    ] = None,
) -> None:
    """Reads, joins and writes ledgers; strikes off what a comparison shows to be gone."""
    try:
        joined = Ledger()
        for path in files:
            joined = joined.merged(read_ledger(path))
        if strike_off is not None:
            joined = strike_off_from(joined, strike_off)
        write_ledger(out, joined)
    except XunjieError as error:
        raise _refused(error) from error
    standing = sum(row.standing for row in joined.rows)
    errors.print(f"{out}: {len(joined.rows)} rows, {standing} standing", markup=False)


def _city(config: Path | None) -> CityConfig | None:
    try:
        return None if config is None else read_config(config)
    except XunjieError as error:
        raise _refused(error) from error


def _file(
    city: CityConfig, places: FlightPlaces, found: Comparison, model_sha256: str, rule: str
) -> None:
    try:
        records = open_records(city)
        try:
            filed = file_comparison(records, city, found, places, model_sha256, rule)
        finally:
            records.database.close()
    except XunjieError as error:
        raise _refused(error) from error
    struck = ", ".join(filed.struck_off) or "none"
    text = f"incidents opened: {filed.opened}; ledger rows struck off: {struck}"
    if filed.to_strike_off:
        text += f"; for an officer to strike off: {', '.join(filed.to_strike_off)}"
    errors.print(text, markup=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _Options:
    base: Path
    current: Path
    work: Path
    buildings: Path | None
    ledger: Path | None
    bounds: str | None
    surface_m: float
    network: Path

    def place(self, kept: Path) -> Path:
        """Where the comparison with the baseline `kept` has its files."""
        return self.work / f"{kept.name}--{flight_name(_pictures_of(self.current))}"


def _compared(options: _Options) -> tuple[Comparison, Path]:
    """The comparison, and where the baseline is kept."""
    config = ComparisonConfig(flight=flight_config(options.bounds, options.surface_m))
    _, kept = _ingested(options.base, options.work, config.flight)
    current = _pictures_of(options.current)
    place = options.place(kept)
    try:
        with _progress() as (progress, _):
            comparison = compare(
                kept,
                current,
                place,
                config,
                ChangeNetwork(options.network),
                partial(_buildings_of, options.buildings),
                _ledger(options.ledger),
                progress,
            )
    except XunjieError as error:
        raise _refused(error) from error
    errors.print(str(write_findings(place, comparison)), markup=False, soft_wrap=True)
    return comparison, kept


def _ledger(path: Path | None) -> Ledger | None:
    """The service's own ledger need not be there yet; one that was named must be."""
    if path is None or (path.name == LEDGER and not path.exists()):
        return None
    return read_ledger(path)


def _buildings_of(path: Path | None, record: FlightRecord) -> Buildings | None:
    return None if path is None else read_buildings(path, record.frame)


def _ingested(folder: Path, work: Path, config: FlightConfig) -> tuple[FlightRecord, Path]:
    """A flight that is there already is read back."""
    kept = folder if (folder / RECORD).exists() else work / flight_name(folder)
    try:
        if (kept / RECORD).exists():
            return read_record(kept), kept
        with _progress() as (progress, _):
            return ingest(folder, kept, config, progress), kept
    except XunjieError as error:
        raise _refused(error) from error


def _pictures_of(folder: Path) -> Path:
    """The pictures' folder, also where an ingested flight is named."""
    if not (folder / RECORD).exists():
        return folder
    try:
        return Path(read_record(folder).source)
    except XunjieError as error:
        raise _refused(error) from error


def flight_name(folder: Path) -> str:
    """Its name, and what tells it from another folder of that name."""
    whole = folder.resolve()
    return f"{whole.name}-{hashlib.sha256(str(whole).encode()).hexdigest()[:8]}"


@contextmanager
def _progress() -> Iterator[tuple[Callable[[str, int, int], None], Progress]]:
    """A bar on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=errors) as bar:
        tasks: dict[str, TaskID] = {}

        def told(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        yield told, bar


def _findings_table(comparison: Comparison) -> Table:
    table = Table("id", "verdict", "ledger", "class", "m²", "lon, lat", "±m", "building", "seen")
    for finding in comparison.findings:
        place = finding.position
        table.add_row(
            finding.id,
            finding.verdict.value,
            finding.ledger.value,
            finding.class_name,
            f"{finding.area_m2:.1f} ±{finding.area_error_m2:.1f}",
            f"{place.x:.7f}, {place.y:.7f}",
            f"{place.error_radius_m:.1f}",
            finding.building_id,
            f"{finding.seen_in}/{finding.shown_in}",
        )
    return table


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
