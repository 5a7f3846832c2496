"""`xunjie demo`: the main job on the repository's own rendered footage."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from api.auth import Role
from api.config import CityConfig, parse_config
from api.logs import configure_logs
from api.run_commands import fail
from api.run_report import RunReport, write_report
from api.runner import run_service
from api.service import Service
from detector.incidents.utc import utc_now
from detector.types import ConfigError, SourceState, XunjieError

DEMO_CLIPS = Path(__file__).resolve().parent.parent / "datasets" / "scenes" / "clips"
INTERVAL_S = 2.0
_MARKER = ".xunjie-demo"
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TextColumn("{task.completed:.0f} of {task.total:.0f} looks"),
    TimeElapsedColumn(),
)
_ZONES = {"road": "road", "pavement": "pavement", "permitted": "permitted"}

app = typer.Typer()
console = Console(stderr=True)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one")] = 8420,
    out: Annotated[Path, typer.Option(help="Where database and evidence go")] = Path("var/demo"),
    serve: Annotated[bool, typer.Option(help="Leave the pages at the printed URL")] = True,
) -> None:
    """Watches three rendered cameras as fast as they decode: a vendor comes and stays, a manhole
    cover goes missing, and at dusk nothing happens."""
    try:
        configure_logs(as_json=False, level=40)
        config = demo_config(_fresh(out), port)
        with Progress(*_COLUMNS, console=console) as progress:
            shown = _Display(progress, config)
            done = run_service(
                config,
                for_s=None,
                until_drained=not serve,
                started=shown.started,
                beat=shown.beat,
            )
    except XunjieError as error:
        raise fail(error) from error
    if done is not None:
        _finish(done, out)


def demo_config(folder: Path, port: int) -> CityConfig:
    """Three recordings that ended just now as cameras, with their ground truth's zones."""
    cameras = [_camera(clip) for clip in sorted(DEMO_CLIPS.glob("*.mp4"))]
    raw = {"data_folder": folder, "http": {"port": port}, "cameras": cameras}
    return parse_config(raw, "demo")


def _camera(clip: Path) -> dict[str, Any]:
    truth = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))
    width, height = truth["width_px"], truth["height_px"]
    zones = []
    for name, corners in truth["zones_px"].items():
        kind = _ZONES.get(name.partition("_")[0])
        if kind is None:
            continue
        polygon = [
            (min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)) for x, y in corners
        ]
        permits = [{"stalls": 1}] if kind == "permitted" else []
        zones.append({"name": name, "kind": kind, "polygon_unit": polygon, "permits": permits})
    return {
        "id": clip.stem.replace("_", "-"),
        "kind": "stream",
        "url": str(clip),
        "pace": "fast",
        # watched faster than it lasts, so it ended just now: no case is older than its first sight
        "starts_at": utc_now() - timedelta(seconds=truth["duration_s"]),
        "interval_s": INTERVAL_S,
        "zones": zones,
    }


class _Display:
    """Progress while the recordings last, then what was found and where to see it."""

    def __init__(self, progress: Progress, config: CityConfig) -> None:
        self._progress = progress
        self._config = config
        self._tasks: dict[str, TaskID] = {}
        self._url = ""
        self._told = False

    def started(self, service: Service, url: str) -> None:
        self._url = url
        for camera in service.engine.cameras:
            clip = DEMO_CLIPS / f"{camera.id.replace('-', '_')}.truth.json"
            seconds = json.loads(clip.read_text(encoding="utf-8"))["duration_s"]
            total = round(seconds / INTERVAL_S)
            self._tasks[camera.id] = self._progress.add_task(camera.id, total=total)

    def beat(self, service: Service) -> None:
        for camera in service.engine.cameras:
            looks, task = camera.tally.snapshot().looks, self._tasks[camera.id]
            ended = camera.source.health().state is SourceState.ENDED
            self._progress.update(task, completed=looks, total=looks if ended else None)
        if service.engine.drained and not self._told:
            self._told = True
            self._tell(service)

    def _tell(self, service: Service) -> None:
        self._progress.stop()
        for case in reversed(service.records.queries.cases().items):
            console.print(f"case {case.number}: {case.description}", highlight=False)
        for incident in service.records.queries.incidents().items:
            if incident.case_id is None:
                console.print(
                    f"waits for a verdict: {incident.subtype}: {incident.reason}", highlight=False
                )
        token = service.access.login_link("demo", Role.ADMINISTRATOR)
        console.print(
            f"\nSign in once with {self._url}enter/{token} (this machine only; Ctrl-C ends it)",
            highlight=False,
            soft_wrap=True,
        )


def _finish(done: RunReport, out: Path) -> None:
    write_report(done, out / "report.json")
    for incident in done.incidents:
        console.print(f"{incident.source_id}: {incident.subtype}: {incident.reason}")


def _fresh(out: Path) -> Path:
    """Each demonstration begins anew; a folder that is not a demonstration's is left alone."""
    if out.exists() and any(out.iterdir()):
        if not (out / _MARKER).exists():
            raise ConfigError(f"--out {out}: is not empty and not from a demonstration")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARKER).write_text("", encoding="utf-8")
    return out
