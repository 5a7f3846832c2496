"""The `xunjie` command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api import (
    camera_commands,
    delivery_commands,
    demo_command,
    gateway_command,
    learning_commands,
    list_commands,
    plan_command,
    replay_command,
    run_commands,
)
from api.auth import commands as access_commands
from api.config import RELEASED_MODELS
from api.flight_commands import flight_app
from api.models_option import ModelsFolder
from api.picture_files import picture_paths, read_picture
from detector.inference import BackendName, ReleasedModel, load_model
from detector.types import Detections, PictureError, XunjieError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
errors = Console(stderr=True)
app.add_typer(flight_app, name="flight")
camera_commands.app.registered_commands.extend(gateway_command.app.registered_commands)
app.add_typer(camera_commands.app, name="cameras")
app.add_typer(delivery_commands.app, name="deliveries")
for commands in (run_commands, list_commands, demo_command, plan_command, replay_command):
    app.registered_commands.extend(commands.app.registered_commands)

app.add_typer(access_commands.audit_app, name="audit")
app.add_typer(access_commands.user_app, name="user")
learning_commands.mount(app)


@app.callback()
def main() -> None:
    """Watches city cameras, finds street-order violations, files each exactly once."""


@app.command()
def models(
    models_folder: ModelsFolder = RELEASED_MODELS,
) -> None:
    """Lists the released models."""
    table = Table("model", "version", "classes", "weights sha256")
    for folder in sorted(models_folder.glob("*/manifest.json")):
        manifest = _load(folder.parent, BackendName.ONNXRUNTIME).manifest
        table.add_row(
            manifest.name, manifest.version, ", ".join(manifest.classes), manifest.weights.sha256
        )
    Console().print(table)


@app.command()
def detect(
    files: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures")],
    model: Annotated[str, typer.Option(help="A released model's name or folder")] = "street",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a picture")] = False,
    floor: Annotated[
        float | None, typer.Option(help="Least score, instead of the model's thresholds")
    ] = None,
    backend: Annotated[BackendName, typer.Option()] = BackendName.AUTO,
    models_folder: ModelsFolder = RELEASED_MODELS,
) -> None:
    """Looks at pictures. Unreadable ones are named on stderr and stop nothing; exit code 1 then."""
    named = models_folder / model
    released = _load(named if named.is_dir() else Path(model), backend)
    failed = 0
    for path in picture_paths(files):
        try:
            image = read_picture(path)
        except PictureError as error:
            errors.print(str(error), style="red", markup=False, soft_wrap=True)
            failed += 1
            continue
        found = released.detect([image], floor=floor)[0]
        _show(path, image.shape[1], image.shape[0], found, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def _load(folder: Path, backend: BackendName) -> ReleasedModel:
    try:
        return load_model(folder, backend=backend)
    except XunjieError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error


def _show(path: Path, width: int, height: int, found: Detections, *, as_json: bool) -> None:
    rows = [
        {
            "class": found.class_name(i),
            "score": round(float(found.score[i]), 4),
            "xyxy_px": [round(float(v), 2) for v in found.xyxy_px[i]],
        }
        for i in range(len(found))
    ]
    if as_json:
        record = {"file": str(path), "width": width, "height": height, "detections": rows}
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    table = Table("class", "score", "x1 y1 x2 y2", title=f"{path} ({width}×{height})")
    for row in rows:
        table.add_row(str(row["class"]), str(row["score"]), str(row["xyxy_px"]))
    Console().print(table)
