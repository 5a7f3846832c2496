"""One recording to go through, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.replay_report import pictures_of, report_of
from detector.pipeline.model_set import asked
from detector.pipeline.replay import replay
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.recording import Recording
from detector.types import Detector, Frame, XunjieError

RULES: Final = ({"rule": "vendor"}, {"rule": "cover"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayJob:
    """The unit of work: a recording is a fixed camera of its own."""

    name: str  # no other job of the run has it
    path: Path  # absolute
    interval_s: float
    for_s: float | None
    pictures: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A report and its pictures, or the fault: a recording that breaks off has no report."""

    name: str
    report: dict[str, Any] | None = None
    pictures: tuple[bytes, ...] = ()  # a JPEG a finding, masked, where the job wants them
    fault: str = ""


def jobs_of(
    paths: Iterable[Path], interval_s: float, for_s: float | None = None, *, pictures: bool = False
) -> list[ReplayJob]:
    """One a path. Recordings of the same name, as archives have them, are numbered: `day`, `day-2`.
    A name that a file has itself goes to that file."""
    paths = list(paths)
    taken: set[str] = set()
    own = {path.stem for path in paths}
    return [
        ReplayJob(
            name=_free_name(path.stem, taken, own),
            path=path.absolute(),
            interval_s=interval_s,
            for_s=for_s,
            pictures=pictures,
        )
        for path in paths
    ]


def _free_name(stem: str, taken: set[str], own: set[str]) -> str:
    name, number = stem, 1
    while name in taken or (number > 1 and name in own):
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return name


def do_job(
    job: ReplayJob,
    detectors: Sequence[Detector],
    looked: Callable[[Frame], None] | None = None,
) -> Replayed:
    """The same wherever it is done. `looked` is called after each look."""
    recording = Recording(
        path=job.path, source_id=job.name, interval_s=job.interval_s, for_s=job.for_s
    )
    rules = [build_rule(dict(settings)) for settings in RULES]
    watch = Watch(detectors=asked(detectors, rules), rules=rules)
    try:
        result = replay(recording.frames(), watch, progress=looked)
    except XunjieError as error:
        return Replayed(name=job.name, fault=str(error))
    report = report_of(job.name, job.path, result)
    pictures = pictures_of(job.name, result) if job.pictures else ()
    return Replayed(name=job.name, report=report, pictures=pictures)
