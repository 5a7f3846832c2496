"""`xunjie cameras`: list, import, export, diff; of a gateway see gateway_command.py."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from api.camera_list import TASKS, read_rows, table_path
from api.config import CityConfig, read_config
from api.run_commands import DEFAULT_CONFIG, ConfigOption, fail
from detector.sources.base import redact
from detector.sources.camera_table import (
    CameraRow,
    CameraTable,
    TableDiff,
    compare,
    read_table,
    write_table,
)
from detector.types import XunjieError

app = typer.Typer(help="The city's cameras: list (by default), import, export, diff, gateway.")
console = Console(stderr=True)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout")]
TableArgument = Annotated[
    Path,
    typer.Argument(
        help="CSV with id, name, url, lon, lat, crs, department, county, grid, interval, tasks"
    ),
]


@app.callback(invoke_without_command=True)
def cameras(
    context: typer.Context, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Lists the configured cameras, with their health where the service is running and
    XUNJIE_API_KEY holds a key for it."""
    if context.invoked_subcommand is not None:
        return
    city = city_of(config)
    live = _live(city)
    rows = [_camera_row(camera, live.get(camera.id)) for camera in city.cameras]
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table("id", "kind", "address", "every", "tasks", "state", "looks", "note")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


@app.command("import")
def import_table(
    file: TableArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    take_good: Annotated[
        bool, typer.Option(help="Take the good rows although others are wrong")
    ] = False,
) -> None:
    """Adds and changes cameras; those that the file does not name stay.

    Bad rows are named by line, and nothing is taken then, unless --take-good. A running service
    reads the table at its next start."""
    city = city_of(config)
    table = _read(file)
    path = table_path(city.data_folder)
    before = read_rows(path)
    in_file = {camera.id for camera in city.cameras} - {row.id for row in before}
    clashes = [row.id for row in table.rows if row.id in in_file]
    for fault in table.faults:
        console.print(
            f"{file}: {fault}", style="red", markup=False, highlight=False, soft_wrap=True
        )
    for name in clashes:
        console.print(
            f"{file}: {name} stands in {config} already", style="red", markup=False, soft_wrap=True
        )
    if (table.faults or clashes) and not take_good:
        console.print("nothing was taken; mend these, or take the others with --take-good")
        raise typer.Exit(1)
    good = {row.id: row for row in table.rows if row.id not in clashes}
    after = {row.id: row for row in before} | good
    diff = compare(before, after.values())
    write_rows(path, after.values())
    console.print(f"{len(diff.added)} added, {len(diff.changed)} changed, {len(after)} in all")
    raise typer.Exit(1 if table.faults or clashes else 0)


@app.command()
def export(
    config: ConfigOption = DEFAULT_CONFIG,
    with_passwords: Annotated[
        bool, typer.Option(help="Leave user names and passwords in the addresses")
    ] = False,
) -> None:
    """Writes the imported cameras as CSV to stdout."""
    rows = read_rows(table_path(city_of(config).data_folder))
    data = write_table(rows, url=str if with_passwords else redact)
    sys.stdout.write(data.decode("utf-8-sig"))


@app.command()
def diff(
    file: TableArgument, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """What importing a file would add and change, and which imported cameras it does not name."""
    city = city_of(config)
    table = _read(file)
    found = compare(read_rows(table_path(city.data_folder)), table.rows)
    write_diff(found, [str(fault) for fault in table.faults], as_json=as_json)


def write_diff(found: TableDiff, faults: list[str], *, as_json: bool) -> None:
    """On stdout: + what is added, - what is no longer named, ~ what changes, ! what is wrong."""
    if as_json:
        record = {
            "added": _ids(found.added),
            "removed": _ids(found.removed),
            "changed": {change.after.id: list(change.columns) for change in found.changed},
            "unchanged": found.unchanged,
            "faults": faults,
        }
        sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        return
    changed = [f"~ {each.after.id}: {', '.join(each.columns)}" for each in found.changed]
    for line in (
        *(f"+ {each}" for each in _ids(found.added)),
        *(f"- {each}" for each in _ids(found.removed)),
        *changed,
        *(f"! {fault}" for fault in faults),
    ):
        sys.stdout.write(f"{line}\n")


def _ids(rows: tuple[CameraRow, ...]) -> list[str]:
    return [row.id for row in rows]


def city_of(config: Path) -> CityConfig:
    """Ends the command, with the reason, where it cannot be read."""
    try:
        return read_config(config)
    except XunjieError as error:
        raise fail(error) from error


def _read(file: Path) -> CameraTable:
    try:
        return read_table(file.read_bytes(), file.name, TASKS)
    except OSError as error:
        console.print(f"{file}: cannot be read: {error.strerror}", style="red", markup=False)
        raise typer.Exit(2) from error
    except XunjieError as error:
        raise fail(error) from error


def write_rows(path: Path, rows: Iterable[CameraRow]) -> None:
    """Never half a table: the service may start at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(write_table(rows))
    part.replace(path)


def _camera_row(camera: Any, live: dict[str, Any] | None) -> dict[str, Any]:
    source = camera.source
    address = getattr(source, "url", None) or getattr(source, "path", "")
    return {
        "id": source.id,
        "kind": source.kind,
        "address": redact(str(address)),
        "interval": f"{source.interval_s:g} s",
        "tasks": ", ".join(camera.tasks),
        "state": live["health"]["state"] if live else "unknown",
        "looks": live["looks"]["looks"] if live else 0,
        "note": (live["looks"]["blind_detail"] or live["health"]["reason"]) if live else "",
    }


def _live(city: CityConfig) -> dict[str, dict[str, Any]]:
    """What the running service says, by source; empty where none answers."""
    key = os.environ.get("XUNJIE_API_KEY", "")
    try:
        reply = httpx.get(
            f"http://{city.http.host}:{city.http.port}/api/sources",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=3,
            trust_env=False,
        )
        reply.raise_for_status()
        return {item["id"]: item for item in reply.json()}
    except (httpx.HTTPError, ValueError):
        return {}
