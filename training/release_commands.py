"""The commands after a training: export, release, promote, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.libraries import EXPORT, TORCH, guarded, require

app = typer.Typer()
MODELS = Path(__file__).resolve().parent.parent / "models"

CLIPS = Path(__file__).resolve().parent.parent / "datasets" / "scenes" / "clips"
CLIPS_OPTION = typer.Option(
    "--clip",
    help="video, or folder of videos, for the incident figures; without a .truth.json beside it "
    "a video holds no violation. Default: the rendered clips of this repository",
)
_CLIP_HOURS = typer.Option(help="play each clip without truth so many hours of its own time")
_MODELS = typer.Option(help="folder of the running models")


@app.command()
@guarded
def export(
    model: Annotated[Path, typer.Argument(help="folder with checkpoint and network.yaml")],
    int8: Annotated[
        Path | None,
        typer.Option(help="built dataset: INT8 weights calibrated on it, INT8 and bf16 measured"),
    ] = None,
    pictures: Annotated[int, typer.Option(help="calibration pictures")] = 100,
    for_other_cpus: Annotated[
        bool,
        typer.Option(
            "--for-other-cpus",
            help="judge bf16 on a CPU without it; keep INT8 that saves nothing here",
        ),
    ] = False,
    vnni_only: Annotated[
        bool,
        typer.Option(
            "--vnni-only", help="finer INT8 weights, which CPUs with AVX2 alone cannot sum"
        ),
    ] = False,
) -> None:
    """Write ONNX weights from a released checkpoint; with --int8 also smaller numbers, as far as
    no class loses more than 0.5 points of AP50 in them.

    Weights that are as the release's manifest says are kept: exported anew they compute the same,
    but not byte for byte, and incidents keep the hash of what found them.
    """
    require(EXPORT)
    from training.export import export_onnx, weights_as_recorded
    from training.small_weights import add_small_weights

    kept = weights_as_recorded(model)
    typer.echo(f"{kept}: as the manifest says, kept" if kept else str(export_onnx(model)))
    if int8 is not None:
        lines = add_small_weights(
            model, int8, pictures, for_others=for_other_cpus, vnni_only=vnni_only
        )
        for line in lines:
            typer.echo(line)


@app.command()
@guarded
def mean(
    out: Annotated[Path, typer.Argument(help="folder for the mean, as if it were a training's")],
    runs: Annotated[list[Path], typer.Argument(help="folders of finished trainings")],
    start: Annotated[Path | None, typer.Option(help="a release that counts as one of them")] = None,
) -> None:
    """The mean of the weights of trainings that started from one network; release it as a run."""
    require(TORCH)
    from training.blend import mean as mean_of

    typer.echo(str(mean_of(runs, out, start)))


@app.command("release")
@guarded
def release_command(
    name: Annotated[str, typer.Argument(help="model name in the taxonomy")],
    run: Annotated[Path, typer.Option(help="folder of a finished training")],
    dataset: Annotated[Path, typer.Option(help="the dataset whose validation side is measured")],
    out: Annotated[Path, typer.Option(help="the release's folder")],
    version: Annotated[str, typer.Option(help="date, year.month.day")],
    width_px: Annotated[int, typer.Option()] = 640,
    height_px: Annotated[int, typer.Option()] = 640,
    max_side_px: Annotated[int, typer.Option(help="as the dataset was built")] = 1280,
    build_options: Annotated[str, typer.Option(help="further options of `dataset build`")] = "",
    measured: Annotated[
        Path | None, typer.Option(help="run to measure, when `run` saw the validation side too")
    ] = None,
    limits: Annotated[str, typer.Option(help="what it cannot see, for the card")] = "",
) -> None:
    """Measure a finished run and write its release."""
    require(EXPORT)
    from detector.types.taxonomy import VENDOR_CLASSES
    from training.blend import result_of
    from training.release import MIRRORED, SMALLER, ReleaseConfig, release

    config = ReleaseConfig(
        name=name,
        version=version,
        run=result_of(run),
        measured=result_of(measured) if measured else None,
        dataset=dataset,
        out=out,
        width_px=width_px,
        height_px=height_px,
        max_side_px=max_side_px,
        build_options=build_options,
        merged=VENDOR_CLASSES if name == "street" else (),
        mirrored=MIRRORED.get(name),
        smaller=SMALLER.get(name),
        limits=limits,
    )
    manifest = release(config)
    typer.echo(f"{manifest.name} {manifest.version}: {manifest.weights.sha256}")


@app.command()
@guarded
def promote(
    candidate: Annotated[Path, typer.Argument(help="folder of a release")],
    dataset: Annotated[Path, typer.Option(help="the frozen dataset both are measured on")],
    models: Annotated[Path, _MODELS] = MODELS,
    clips: Annotated[list[Path] | None, CLIPS_OPTION] = None,
    clip_hours: Annotated[float, _CLIP_HOURS] = 0,
    check_only: Annotated[bool, typer.Option("--check-only", help="ask the gate, no more")] = False,
) -> None:
    """Put a release in the running model's place, unless the gate refuses it (exit code 2). What
    the gate found stands in `gate.json` beside the candidate."""
    from training.promote import promote as put_in_place
    from training.released import released_manifest

    manifest = released_manifest(candidate)
    running = models / manifest.name
    if running.exists() and not gate_passes(candidate, running, dataset, clips, clip_hours):
        raise typer.Exit(2)
    if not check_only:
        typer.echo(f"{put_in_place(candidate, models)}: {manifest.version}")


def gate_passes(
    candidate: Path, running: Path, dataset: Path, clips: list[Path] | None, clip_hours: float = 0
) -> bool:
    """Ask the gate and say what it found."""
    from training.gate_clip import clips_of
    from training.gate_report import ask_gate, gate_lines

    chosen = clips_of(clips or [CLIPS], for_s=clip_hours * 3600 or None)
    verdict = ask_gate(candidate, running, dataset, chosen)
    for line in gate_lines(verdict):
        typer.echo(line, err=line.startswith("refused"))
    return verdict.passed


@app.command()
@guarded
def rollback(
    name: Annotated[str, typer.Argument(help="model name")],
    models: Annotated[Path, _MODELS] = MODELS,
) -> None:
    """Bring back the model that was promoted over last."""
    from training.promote import rollback as bring_back

    manifest = bring_back(name, models)
    typer.echo(f"{manifest.name} {manifest.version}: {manifest.weights.sha256}")
