"""`xunjie run`, `check` and `init`."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.auth.access import FIRST_USER
from api.config import CityConfig, read_config
from api.logs import configure_logs
from api.probe import ProbeResult, probe_all
from api.ray_cluster import run_on_ray
from api.released_models import load_models
from api.run_report import write_report
from api.runner import run_service
from api.service import Service, needed, rules_of
from detector.incidents import build_sink
from detector.types import XunjieError

app = typer.Typer()
console = Console(stderr=True)
ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The city's YAML file")]
DEFAULT_CONFIG = Path("xunjie.yaml")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|min|h)?")
_UNIT_S = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def fail(error: XunjieError) -> typer.Exit:
    """Says what is wrong, as it stands; exit code 2."""
    console.print(str(error), style="red", markup=False, soft_wrap=True, highlight=False)
    return typer.Exit(2)


def seconds_of(text: str) -> float:
    """Such as 600, 600s, 10m or 1.5h."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no duration; write it as 600s, 10m or 2h")
    return float(match[1]) * _UNIT_S[match[2]]


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    for_: Annotated[str | None, typer.Option("--for", help="Stop after e.g. 600s, 10m, 2h")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Where to write what happened, as JSON (with --for)")
    ] = None,
    json_logs: Annotated[bool, typer.Option(help="Log lines as JSON")] = False,
    node: Annotated[
        str | None,
        typer.Option(help="This machine's name among several that share the cameras"),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="A Ray cluster, `auto` or HOST:PORT: looks on all of its machines"),
    ] = None,
) -> None:
    """Runs the service: looks, incidents, cases, deliveries, REST API."""
    for_s = seconds_of(for_) if for_ else None
    if report is not None and for_s is None:
        raise typer.BadParameter("--report needs --for: a service without an end has no report")
    if node is not None and cluster is not None:
        raise typer.BadParameter("--cluster names its nodes itself: leave --node out")
    configure_logs(as_json=json_logs)
    try:
        city = read_config(config)
        if cluster is None:
            done = run_service(city, for_s=for_s, started=_announce, node=node)
        else:
            done = run_on_ray(city, cluster, for_s=for_s, started=_announce)
    except XunjieError as error:
        raise fail(error) from error
    if done is not None and report is not None:
        write_report(done, report)


@app.command()
def check(
    config: ConfigOption = DEFAULT_CONFIG,
    wait_s: Annotated[float, typer.Option(help="Seconds to wait for each picture", min=1)] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a camera")] = False,
) -> None:
    """Validates the configuration and tries each camera. Exit code 1 if one of them fails."""
    try:
        city = read_config(config)
        _buildable(city)
    except XunjieError as error:
        raise fail(error) from error
    with tempfile.TemporaryDirectory() as spool:
        results = probe_all(city.cameras, Path(spool), wait_s)
    for result in results:
        _show(result, as_json=as_json)
    raise typer.Exit(0 if all(result.ok for result in results) else 1)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write")] = DEFAULT_CONFIG,
) -> None:
    """Writes a configuration to start from; an existing file is left as it is."""
    text = files("api").joinpath("example.yaml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        console.print(f"{path} exists already and was left as it is", style="red")
        raise typer.Exit(1) from None
    console.print(f"{path} written. Edit its cameras, then: xunjie check -c {path}")


def _announce(service: Service, url: str) -> None:
    count = len(service.config.cameras)
    task = f"watching {count} sources" if service.node is None else f"sharing {count} sources"
    console.print(
        f"{task}; pages at {url} (API at {url}docs)",
        highlight=False,
        soft_wrap=True,
    )
    password = service.access.first_administrator()
    if password is not None:
        # To stderr once, never to the log: whoever started the service signs in with it.
        console.print(
            f"first sign-in: user {FIRST_USER}, one-time password {password}", highlight=False
        )


def _buildable(city: CityConfig) -> None:
    """Rules, models and destinations that the configuration names. Raises XunjieError."""
    models = load_models(city)
    for camera in city.cameras:
        needed(models, rules_of(camera, city))
    for destination in city.destinations:
        build_sink(destination.sink, destination.name).close()


def _show(result: ProbeResult, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
        return
    sign = "ok  " if result.ok else "FAIL"
    advice = f" → {result.mend}" if result.mend else ""
    sys.stdout.write(f"{sign} {result.source_id}: {result.detail}{advice}\n")
