"""`xunjie replay`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from api.config import RELEASED_MODELS
from api.models_option import ModelsFolder
from api.replay_job import Replayed, ReplayJob, do_job, jobs_of
from api.replay_models import ReplayModels
from api.replay_on_ray import replay_on_ray
from api.replay_report import page, write_json, write_pictures
from api.run_commands import fail
from api.video_files import video_paths
from detector.types import Frame, XunjieError

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("{task.fields[unit]}"),
    TimeElapsedColumn(),
)

app = typer.Typer()
console = Console(stderr=True)


@app.command()
def replay(
    clips: Annotated[
        list[Path], typer.Argument(help="Video files of fixed cameras, or folders of them")
    ],
    interval_s: Annotated[float, typer.Option(help="Seconds between two looks", min=0.04)] = 2.0,
    for_s: Annotated[
        float | None, typer.Option(help="Repeat each file for so many seconds of its own time")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json, index.html and pictures")
    ] = None,
    models_folder: ModelsFolder = RELEASED_MODELS,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="A Ray cluster, `auto` or HOST:PORT: all of its machines go through the files,"
            " each of which they must all reach"
        ),
    ] = None,
) -> None:
    """Goes through recorded footage with all models and rules; prints the findings as JSON.

    A file that cannot be read is named on stderr and stops nothing; exit code 1 then."""
    jobs = jobs_of(video_paths(clips), interval_s, for_s, pictures=out is not None)
    try:
        models = ReplayModels(models_folder, threads=1 if cluster else 2)
        # Ray tells of machines that die on stdout, which is for the findings.
        with redirect_stdout(sys.stderr), Progress(*_COLUMNS, console=console) as progress:
            results = (
                _everywhere(jobs, models, cluster, progress)
                if cluster
                else _here(jobs, models, progress)
            )
            reports = _gathered(jobs, results, out)
    except XunjieError as error:
        raise fail(error) from error
    sys.stdout.write(json.dumps(reports, indent=1, ensure_ascii=False) + "\n")
    raise typer.Exit(1 if len(reports) < len(jobs) else 0)


def _here(
    jobs: Sequence[ReplayJob], models: ReplayModels, progress: Progress
) -> Iterator[Replayed]:
    detectors = models()
    for job in jobs:
        task = progress.add_task(job.name, total=None, unit="looks")
        done = do_job(job, detectors, partial(_advance, progress, task))
        if done.report:
            progress.update(task, total=done.report["looks"])
        yield done


def _everywhere(
    jobs: Sequence[ReplayJob], models: ReplayModels, address: str, progress: Progress
) -> Iterator[Replayed]:
    task = progress.add_task(f"cluster {address}", total=len(jobs), unit="recordings")
    for done in replay_on_ray(jobs, address, models):
        progress.advance(task)
        yield done


def _advance(progress: Progress, task: TaskID, _frame: Frame) -> None:
    progress.advance(task)


def _gathered(
    jobs: Sequence[ReplayJob], results: Iterable[Replayed], out: Path | None
) -> list[dict[str, Any]]:
    """The reports in the order in which the files were named, whichever ended first."""
    reports: dict[str, dict[str, Any]] = {}
    pictures: dict[str, list[str]] = {}
    for done in results:
        if done.report is None:
            console.print(done.fault, style="red", markup=False, soft_wrap=True, highlight=False)
            continue
        reports[done.name] = done.report
        if out:
            pictures[done.name] = write_pictures(done.name, done.pictures, out / "pictures")
    in_order = [reports[job.name] for job in jobs if job.name in reports]
    if out:
        write_json(in_order, out / "report.json")
        (out / "index.html").write_text(page(in_order, pictures), encoding="utf-8")
    return in_order
