"""`xunjie plan`: what a city needs, from what looks cost here."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.config import RELEASED_MODELS
from api.logs import configure_logs
from api.look_costs import measured_costs
from api.models_option import ModelsFolder
from api.run_commands import fail
from detector.inference import load_model, warm_up
from detector.patrol.plan import Assumed, Costs, Plan, plans
from detector.types import XunjieError

app = typer.Typer()
_LOOKING_AT_STREETS = ("covers", "street")


@app.command()
def plan(
    cameras: Annotated[int, typer.Option(min=1, help="How many cameras")],
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at each")],
    carried_share: Annotated[
        float,
        typer.Option(min=0, max=0.99, help="Share of looks at an unchanged scene; 0 on busy days"),
    ] = 0.0,
    twice_share: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the others that may show something"),
    ] = 0.2,
    cores: Annotated[int, typer.Option(min=1, help="Cores of one machine")] = 32,
    memory_gib: Annotated[float, typer.Option(min=1, help="Memory of one machine")] = 64,
    stream_mbit: Annotated[float, typer.Option(min=0.01, help="Of one stream")] = 4.0,
    incidents_a_day: Annotated[float, typer.Option(min=0, help="Incidents a camera")] = 0.5,
    evidence_days: Annotated[float, typer.Option(min=1, help="How long evidence is kept")] = 180,
    costs_file: Annotated[
        Path | None,
        typer.Option("--costs", help="JSON of an earlier --json run, not measured anew"),
    ] = None,
    models_folder: ModelsFolder = RELEASED_MODELS,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout")] = False,
) -> None:
    """Measures looks on this machine, and says which cores, machines, network and disk a city of
    that many cameras needs when it stays connected, visits them in turns, or fetches snapshots."""
    assumed = Assumed(
        carried_share=carried_share,
        twice_share=twice_share,
        stream_mbit_s=stream_mbit,
        incidents_per_camera_day=incidents_a_day,
        evidence_days=evidence_days,
        cores_per_machine=cores,
        memory_gib_per_machine=memory_gib,
    )
    try:
        costs = _costs(costs_file, models_folder)
    except XunjieError as error:
        raise fail(error) from error
    found = plans(cameras, interval, costs, assumed)
    if as_json:
        record = {
            "cameras": cameras,
            "interval_s": interval,
            "costs": costs.model_dump(),
            "assumed": assumed.model_dump(),
            "plans": [asdict(one) for one in found],
        }
        sys.stdout.write(json.dumps(record, indent=1) + "\n")
        return
    _show(cameras, interval, costs, found)


def _costs(file: Path | None, models: Path) -> Costs:
    if file is not None:
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            return Costs.model_validate(record["costs"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise typer.BadParameter(f"{file}: holds no costs: {error}") from error
    configure_logs(as_json=False)  # to stderr: stdout may be wanted as JSON
    with TemporaryDirectory() as folder:  # measured as at a service's first start
        choices = Path(folder) / "engines.json"
        detectors = [
            load_model(models / name, threads=1, choices=choices) for name in _LOOKING_AT_STREETS
        ]
    warm_up(detectors)
    twice = [model for model in detectors if model.manifest.seen_twice]
    return measured_costs(detectors, twice)


def _show(cameras: int, interval_s: float, costs: Costs, found: list[Plan]) -> None:
    console = Console()
    console.print(
        f"{cameras} cameras, a look every {interval_s:g} s: {cameras / interval_s:.1f} looks a"
        f" second. Here a look costs {costs.examined_core_ms:.0f} core-ms, one at an unchanged"
        f" scene {costs.carried_core_ms:.0f}, one in which something may be"
        f" {costs.examined_core_ms + costs.second_core_ms:.0f}."
    )
    table = Table("way", "cores", "machines", "memory GiB", "network Mbit/s", "evidence TiB")
    for one in found:
        table.add_row(
            one.way,
            f"{one.cores:.1f}",
            str(one.machines),
            f"{one.memory_gib:.1f}",
            f"{one.network_mbit_s:.0f}",
            f"{one.evidence_tib:.2f}",
        )
    console.print(table)
