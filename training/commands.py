"""The command line of training; heavy libraries are imported only when a command runs."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training import labelling_commands, release_commands
from training.libraries import EXPORT, TORCH, guarded, require

if TYPE_CHECKING:
    from training.train import TrainConfig

app = typer.Typer(no_args_is_help=True, help="Build datasets, train, evaluate, export, release.")
dataset_app = typer.Typer(no_args_is_help=True, help="Datasets.")
app.add_typer(dataset_app, name="dataset")


def data_root() -> Path:
    """Where the picture sets lie: XUNJIE_SHARED, else ../shared beside the repository."""
    return Path(os.environ.get("XUNJIE_SHARED", Path(__file__).parents[1] / ".." / "shared"))


@dataset_app.command("check")
@guarded
def check(
    name: Annotated[str, typer.Argument(help="set, as in datasets/<name>")],
    manifest: Annotated[Path, typer.Argument(help="its manifest.json")],
    root: Annotated[Path | None, typer.Option(help="data root; default XUNJIE_SHARED")] = None,
) -> None:
    """Compare the pictures of a set with its recorded hashes."""
    from training.catalogue import ALL_SETS
    from training.inventory import difference, source_named

    found = difference(source_named(name, ALL_SETS), root or data_root(), manifest)
    if found:
        typer.echo(f"{name}: missing {found.missing}, added {found.added}, changed {found.changed}")
        raise typer.Exit(1)
    typer.echo(f"{name}: as recorded")


@dataset_app.command("build")
@guarded
def build(
    model: Annotated[str, typer.Argument(help="street, covers or aerial")],
    out: Annotated[Path, typer.Argument(help="an empty or missing folder")],
    root: Annotated[Path | None, typer.Option(help="data root; default XUNJIE_SHARED")] = None,
    val_every: Annotated[int, typer.Option(help="one site in this many is held out")] = 6,
    fold: Annotated[int, typer.Option(help="which of them")] = 0,
    val_origin: Annotated[list[str] | None, typer.Option(help="origin held out whole")] = None,
    max_side_px: Annotated[int, typer.Option(help="larger pictures are scaled down")] = 1280,
    own_sets: Annotated[
        list[Path] | None,
        typer.Option("--set", help="folder of one's own set, as `dataset reviewed` writes"),
    ] = None,
    set_repeat: Annotated[
        int,
        typer.Option(
            help="how often each training picture of one's own sets counts; repeats are roughened"
        ),
    ] = 1,
    limit: Annotated[
        int | None, typer.Option(help="at most so many training pictures of the other sets")
    ] = None,
    own_only: Annotated[
        bool, typer.Option("--own-only", help="leave the model's other sets out")
    ] = False,
) -> None:
    """Build a dataset from the sets of a model and one's own. Without the other sets' pictures,
    it is built of one's own alone."""
    from training.catalogue import SETS_OF_MODEL
    from training.dataset import BuildConfig, build_dataset
    from training.own_set import picture_set
    from training.split import SplitRule
    from training.teacher import TeacherConfig

    if model not in SETS_OF_MODEL:
        known = ", ".join(SETS_OF_MODEL)
        raise typer.BadParameter(f"no sets for {model!r}; there are sets for {known}")
    place = root or data_root()
    own = [picture_set(folder, set_repeat) for folder in own_sets or ()]
    if own and not own_only and not (place / "data").is_dir():
        typer.echo(f"no sets under {place}: built of one's own sets alone", err=True)
        own_only = True
    sets = [*(() if own_only else SETS_OF_MODEL[model]), *own]
    if any(s.taught for s in sets):
        require(TORCH)
    weights = place / "weights" / "yolov8s.pt"
    config = BuildConfig(
        model=model,
        root=place,
        out=out,
        split=SplitRule(val_every=val_every, fold=fold, val_origins=tuple(val_origin or ())),
        max_side_px=max_side_px,
        teacher=TeacherConfig(weights=weights) if any(s.taught for s in sets) else None,
        limit=limit,
    )
    built = build_dataset(config, sets)
    sides = Counter(entry.split for entry in built.entries)
    counts = ", ".join(f"{side} {count}" for side, count in sorted(sides.items()))
    typer.echo(f"{len(built.entries)} pictures ({counts}), sha256 {built.sha256}")


@dataset_app.command("paste")
@guarded
def paste(
    folder: Annotated[Path, typer.Argument(help="a built dataset")],
    count: Annotated[int, typer.Option(help="pictures to compose")] = 200,
    classes: Annotated[list[str] | None, typer.Option("--class", help="objects of these")] = None,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Add pictures on whose ground objects of other pictures were set."""
    from detector.types.taxonomy import VENDOR_CLASSES
    from training.paste import PasteConfig, paste_into

    chosen = tuple(classes or VENDOR_CLASSES)
    grown = paste_into(folder, PasteConfig(classes=chosen, count=count, seed=seed))
    typer.echo(f"{len(grown.entries)} pictures, sha256 {grown.sha256}")


@dataset_app.command("overlay")
@guarded
def overlay(
    folder: Annotated[Path, typer.Argument(help="a built dataset")],
    rendered: Annotated[
        list[Path], typer.Argument(help="folders of datasets/scenes/render_overlays.py")
    ],
) -> None:
    """Add training pictures with what was rendered to stand in them, each also roughened."""
    from training.overlay import lay_over, overlays_in

    found = [item for place in rendered for item in overlays_in(place)]
    grown = lay_over(folder, found)
    typer.echo(f"{len(grown.entries)} pictures, sha256 {grown.sha256}")


@dataset_app.command("vary")
@guarded
def vary(
    folder: Annotated[Path, typer.Argument(help="a built dataset of covers")],
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Add copies in which far covers come near and sound ones are broken."""
    from training.variants import VariantConfig, add_variants

    grown = add_variants(folder, VariantConfig(seed=seed))
    typer.echo(f"{len(grown.entries)} pictures, sha256 {grown.sha256}")


@app.command("train")
@guarded
def train_command(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="JSON file; keys as in training.train. Without one: training.retraining"
        ),
    ] = None,
    dataset: Annotated[Path | None, typer.Option(help="a built dataset")] = None,
    out: Annotated[
        Path | None, typer.Option(help="the run's folder; an unfinished run in it goes on")
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.99,
            help="share of the starting release's weights in the result, instead of the"
            " configuration's; on a run that has ended nothing is trained again",
        ),
    ] = None,
    gate: Annotated[
        bool, typer.Option(help="make a candidate of it and ask the gate; exit code 2: refused")
    ] = True,
    models: Annotated[
        Path, typer.Option(help="folder of the running models")
    ] = release_commands.MODELS,
    clips: Annotated[list[Path] | None, release_commands.CLIPS_OPTION] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="a Ray cluster, `auto` or HOST:PORT: trains on its best machine; dataset and out"
            " in folders that all machines reach"
        ),
    ] = None,
) -> None:
    """Train, or continue a training that was cut off; then compare with the running model."""
    require(EXPORT)
    from training.retraining import retraining
    from training.train import config_from_file, train

    if config is not None:
        given = {"dataset": dataset, "out": out}
        settings = config_from_file(config, **{k: v for k, v in given.items() if v is not None})
    elif dataset is not None and out is not None:
        settings = retraining(dataset, out, models)
    else:
        raise typer.BadParameter("a configuration, or --dataset and --out")
    if keep is not None:
        settings = replace(settings, keep=keep)
    if cluster is None:
        checkpoint = train(settings)
    else:
        from training.ray_training import train_on_ray

        checkpoint = train_on_ray(settings, cluster, typer.echo)
    typer.echo(str(checkpoint))
    if gate:
        _ask(settings, checkpoint, models, clips)


def _ask(settings: TrainConfig, checkpoint: Path, models: Path, clips: list[Path] | None) -> None:
    from training.candidate import make_candidate
    from training.dataset import read_dataset
    from training.gate_clip import clips_of
    from training.gate_report import gate_lines

    dataset = read_dataset(settings.dataset)
    if not any(entry.split == "val" for entry in dataset.entries):
        typer.echo("no picture is held out: nothing can be measured, so no candidate is made")
        return
    chosen = clips_of(clips or [release_commands.CLIPS])
    made = make_candidate(settings, checkpoint, models / dataset.model, chosen)
    for line in gate_lines(made.verdict) if made.verdict else ["no running model to compare with"]:
        typer.echo(line)
    typer.echo(str(made.folder))
    if made.verdict and not made.verdict.passed:
        if settings.keep:
            more = (1 + settings.keep) / 2
            typer.echo(
                "Where it forgot something, keep more of the running model: the same command with"
                f" --keep {more:.2g} asks again without another training."
            )
        raise typer.Exit(2)


@app.command()
@guarded
def evaluate(
    model: Annotated[Path, typer.Argument(help="folder of a released model")],
    dataset: Annotated[Path, typer.Option(help="a built dataset")],
    weights: Annotated[str | None, typer.Option(help="another weights file in the folder")] = None,
    report: Annotated[
        Path | None, typer.Option(help="folder for figures, recall by size, picture sheets")
    ] = None,
    closer: Annotated[
        int, typer.Option(min=1, max=4, help="parts across, as a camera's `closer` setting")
    ] = 1,
) -> None:
    """Figures of a released model on the validation side of a dataset."""
    from detector.types.taxonomy import VENDOR_CLASSES
    from training.evaluate import figures, look
    from training.predict import CloserModel
    from training.released import network_of, released_manifest
    from training.report import write_report

    manifest = released_manifest(model)
    merged = VENDOR_CLASSES if "stall" in manifest.classes else ()
    if closer > 1 and weights is not None:
        raise ValueError("closer looks with the manifest's own weights: leave out --weights")
    predictor = CloserModel(model, closer) if closer > 1 else network_of(model, weights)
    described, seen = look(dataset, predictor)
    measured = figures(described, seen, merged)
    for f in measured:
        typer.echo(
            f"{f.name:26} {f.origin:16} pictures {f.pictures:4} labels {f.labels:4} "
            f"AP50 {f.ap50:.3f} ({f.ap50_low:.3f}-{f.ap50_high:.3f}) AP50-95 {f.ap50_95:.3f} "
            f"recall at 0.1 {f.recall_at_01:.3f}"
        )
    if report is not None:
        written = write_report(dataset, described, seen, measured, manifest.thresholds, report)
        for size in written.sizes:
            typer.echo(f"{size.name:26} {size.size:8} found {size.found} of {size.labels}")
        typer.echo("\n".join(str(path) for path in written.files))


@app.command()
@guarded
def quiet(
    model: Annotated[Path, typer.Argument(help="folder of a released model")],
    clips: Annotated[list[Path], typer.Argument(help="videos without any violation")],
    looks: Annotated[int, typer.Option(help="frames looked at in each")] = 40,
) -> None:
    """False detections per clip at the released thresholds."""
    from detector.types.taxonomy import violations_of
    from training.quiet import measure
    from training.released import network_of, released_manifest

    manifest = released_manifest(model)
    watched = violations_of(manifest.name)
    network = network_of(model)
    for clip in clips:
        result = measure(clip, network, manifest.classes, manifest.thresholds, watched, looks)
        counts = ", ".join(f"{name} {n}" for name, n in result.false_detections.items())
        typer.echo(f"{result.clip}: {result.looks} looks: {counts}")


def mount(target: typer.Typer) -> None:
    """Offer these commands under another command line too."""
    target.registered_commands.extend(app.registered_commands)
    target.registered_groups.extend(app.registered_groups)


app.registered_commands.extend(release_commands.app.registered_commands)
dataset_app.registered_commands.extend(labelling_commands.app.registered_commands)
