"""`xunjie deliveries`: what waits at each destination, and sending again what was set aside."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from api.auth.access import Access
from api.auth.audit import command_line
from api.config import read_config
from api.run_commands import DEFAULT_CONFIG, ConfigOption, fail
from api.service import Records, open_records
from detector.types import XunjieError

app = typer.Typer(help="Deliveries: each destination's state (by default), redeliver.")
console = Console(stderr=True)


@app.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout")] = False,
) -> None:
    """What waits, what was set aside and the last error, by destination."""
    if context.invoked_subcommand is not None:
        return
    with _records(config) as (records, _):
        rows = [asdict(stats) for stats in records.outbox.stats()]
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table(*(name.replace("_", " ") for name in (rows[0] if rows else {"destination": ""})))
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table)


@app.command()
def redeliver(
    which: Annotated[
        str, typer.Argument(help="A delivery's id, or a destination: all that was set aside there")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Sends again, under the same idempotency key. A running service does so at its next look,
    or after the destination's rest."""
    with _records(config) as (records, access):
        delivery_id = _id(which)
        if delivery_id is not None:
            records.outbox.redeliver(delivery_id)
            count = 1
        else:
            known = sorted(stats.destination for stats in records.outbox.stats())
            if which not in known:
                console.print(f"no destination is called {which}; there are: {', '.join(known)}")
                raise typer.Exit(2)
            count = records.outbox.redeliver_quarantined(which)
        access.audit.add(command_line(), "redelivered", which, {"deliveries": count})
    console.print(f"{count} on their way again")


@contextmanager
def _records(path: Path) -> Iterator[tuple[Records, Access]]:
    try:
        city = read_config(path)
        records = open_records(city)
        try:
            yield records, Access(records.database, city.access)
        finally:
            records.database.close()
    except XunjieError as error:
        raise fail(error) from error


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.0f}" if isinstance(value, float) else str(value)
