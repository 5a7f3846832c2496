"""`xunjie cameras` and `xunjie cases`."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from api.config import CityConfig, read_config
from api.run_commands import DEFAULT_CONFIG, ConfigOption, fail
from api.service import open_records
from detector.incidents import Case, CaseFilter, CaseState
from detector.sources.base import redact
from detector.types import XunjieError

app = typer.Typer()
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout")]


@app.command()
def cameras(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Lists the configured cameras, with their health where the service is running."""
    try:
        city = read_config(config)
    except XunjieError as error:
        raise fail(error) from error
    live = _live(city)
    rows = [_camera_row(camera, live.get(camera.id)) for camera in city.cameras]
    if as_json:
        _write(rows)
        return
    table = Table("id", "kind", "address", "every", "tasks", "state", "looks", "note")
    for row in rows:
        table.add_row(*(str(row[name]) for name in row))
    Console().print(table)


@app.command()
def cases(
    config: ConfigOption = DEFAULT_CONFIG,
    state: Annotated[list[CaseState] | None, typer.Option(help="Only these states")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: JsonOption = False,
) -> None:
    """Lists the newest cases of the queue."""
    try:
        records = open_records(read_config(config))
        which = CaseFilter(states=frozenset(state) if state else None)
        found = records.queries.cases(which, limit=limit).items
        records.database.close()
    except XunjieError as error:
        raise fail(error) from error
    rows = [_case_row(case) for case in found]
    if as_json:
        _write(rows)
        return
    table = Table("number", "violation", "subtype", "urgent", "state", "code", "source", "opened")
    for row in rows:
        row.pop("id"), row.pop("incident_id")
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


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


def _case_row(case: Case) -> dict[str, Any]:
    return {
        "id": str(case.id),
        "incident_id": str(case.incident_id),
        "number": case.number,
        "violation": case.violation,
        "subtype": case.subtype,
        "urgent": case.urgent,
        "state": case.state.value,
        "code": case.code,
        "source": case.source_id,
        "opened_at": case.opened_at.isoformat(timespec="seconds"),
    }


def _live(city: CityConfig) -> dict[str, dict[str, Any]]:
    """What the running service says, by source; empty where none answers. It asks for a key, which
    the environment variable XUNJIE_API_KEY holds."""
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


def _write(rows: list[dict[str, Any]]) -> None:
    sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
