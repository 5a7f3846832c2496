"""`xunjie cases`."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.config import read_config
from api.run_commands import DEFAULT_CONFIG, ConfigOption, fail
from api.service import open_records
from detector.incidents import Case, CaseFilter, CaseState
from detector.types import XunjieError

app = typer.Typer()


@app.command()
def cases(
    config: ConfigOption = DEFAULT_CONFIG,
    state: Annotated[list[CaseState] | None, typer.Option(help="Only these states")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout")] = False,
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
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table("number", "violation", "subtype", "urgent", "state", "code", "source", "opened")
    for row in rows:
        row.pop("id"), row.pop("incident_id")
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


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
