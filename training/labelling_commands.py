"""Sets in and out of labelling tools, and frames that are worth labelling."""

from __future__ import annotations

import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from training.libraries import guarded

app = typer.Typer()

_FootagePaths = Annotated[
    list[Path], typer.Argument(help="videos, or folders of pictures; each is one camera")
]
_IntervalS = Annotated[float, typer.Option(help="seconds between frames of a video")]
_PerDay = Annotated[int, typer.Option(help="at most so many of one camera's day")]


@app.command("import")
@guarded
def import_labels(
    source: Annotated[Path, typer.Argument(help="folder or zip that CVAT or Label Studio wrote")],
    out: Annotated[Path, typer.Argument(help="folder of the set; an earlier set is replaced")],
    model: Annotated[str, typer.Option(help="street, covers or aerial")] = "street",
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="labelled wherever it was seen; default: those of the tool"),
    ] = None,
    renamed: Annotated[
        list[str] | None, typer.Option("--as", help="THEIRS=OURS, where names differ")
    ] = None,
    pictures: Annotated[
        list[Path] | None, typer.Option(help="where the pictures lie, if not in the export")
    ] = None,
    name: Annotated[str, typer.Option(help="name of the set")] = "labelled",
    names: Annotated[
        str | None,
        typer.Option(help="pattern of a picture's name with the groups camera and day (8 digits)"),
    ] = None,
) -> None:
    """Take labels over from CVAT or Label Studio (COCO or YOLO)."""
    from detector.types.taxonomy import classes_of
    from training.labelling_import import DEFAULT_NAMES, ImportRule, incoming, read_export
    from training.own_set import write_own_set

    theirs = dict(_pair(text) for text in renamed or ())
    known = classes_of(model)
    dropped: Counter[str] = Counter()
    with _opened(source) as folder:
        export = read_export(folder)
        found = [theirs.get(item, item) for item in export.names]
        chosen = tuple(item for item in known if item in (classes or found))
        if not chosen:
            raise ValueError(f"{source}: has none of the classes {', '.join(known)}; use --as")
        rule = ImportRule(classes=chosen, renamed=theirs, name_pattern=names or DEFAULT_NAMES)
        taken = list(incoming(export, [folder, *(pictures or ())], rule, dropped))
        own = write_own_set(out, name, "as labelled by the city", chosen, chosen, taken)
    boxes = Counter(chosen[box.class_id] for item in taken for box in item.boxes)
    typer.echo(f"{len(own.pictures)} pictures, " + ", ".join(f"{k} {boxes[k]}" for k in chosen))
    for what, count in sorted(dropped.items()):
        typer.echo(f"  left out, {what}: {count}", err=True)


@app.command("export")
@guarded
def export_labels(
    folder: Annotated[Path, typer.Argument(help="a set, with set.json")],
    out: Annotated[Path, typer.Argument(help="an empty or missing folder")],
    form: Annotated[str, typer.Option(help="coco, yolo (Label Studio) or cvat-yolo")] = "coco",
) -> None:
    """Write a set for CVAT or Label Studio."""
    from training.labelling_export import export_set

    typer.echo(f"{export_set(folder, out, form)} pictures")


@app.command("choose")
@guarded
def choose_command(
    out: Annotated[Path, typer.Argument(help="folder of the set of proposals")],
    footage: _FootagePaths,
    model: Annotated[Path, typer.Option(help="folder of the released model that proposes")],
    interval_s: _IntervalS = 10,
    per_day: _PerDay = 10,
    total: Annotated[int, typer.Option(help="at most so many in all")] = 200,
    known: Annotated[
        list[Path] | None, typer.Option(help="sets that exist: what looks like theirs is no news")
    ] = None,
) -> None:
    """Choose frames worth labelling, by the model's doubt and by novelty."""
    from training.choose import ChoiceRule
    from training.choose_frames import Footage, choose_frames

    taken = Footage(paths=tuple(footage), interval_s=interval_s)
    rule = ChoiceRule(per_day=per_day, total=total)
    own, chosen = choose_frames(taken, model, out, rule, known or ())
    for item in chosen:
        typer.echo(
            f"{item.frame.name}: doubt {item.frame.interest:.2f}, novelty {item.novelty:.2f}"
        )
    typer.echo(f"{len(own.pictures)} frames; export them with `xunjie dataset export`")


@app.command("empty")
@guarded
def empty_command(
    out: Annotated[Path, typer.Argument(help="folder of the set of negatives")],
    footage: _FootagePaths,
    model: Annotated[Path, typer.Option(help="folder of the released model that is too loud")],
    interval_s: _IntervalS = 10,
    per_day: _PerDay = 10,
) -> None:
    """Make negatives of footage that is known to hold no violation: the frames in which the model
    comes nearest to telling one."""
    from training.choose_frames import Footage, loudest_frames

    taken = Footage(paths=tuple(footage), interval_s=interval_s)
    own, chosen = loudest_frames(taken, model, out, per_day)
    for item in chosen:
        typer.echo(f"{item.frame.name}: {item.frame.interest:.2f} of a threshold")
    typer.echo(f"{len(own.pictures)} frames without {', '.join(own.labelled)}")


def _pair(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.rpartition("=")
    if not sign or not theirs or not ours:
        raise ValueError(f"--as {text!r}: write THEIRS=OURS")
    return theirs, ours


@contextmanager
def _opened(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        return
    if not zipfile.is_zipfile(source):
        raise ValueError(f"{source}: neither a folder nor a zip")
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(source) as archive:
        archive.extractall(place)  # zipfile keeps members within
        yield Path(place)
