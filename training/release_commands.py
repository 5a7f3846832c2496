"""The commands after a training: export, release, promote, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
MODELS = Path(__file__).resolve().parent.parent / "models"

_MODELS = typer.Option(help="folder of the running models")


@app.command()
def export(
    model: Annotated[Path, typer.Argument(help="folder with checkpoint and network.yaml")],
    int8: Annotated[
        Path | None, typer.Option(help="built dataset to calibrate on: write INT8 weights too")
    ] = None,
    pictures: Annotated[int, typer.Option(help="calibration pictures")] = 100,
) -> None:
    """Write ONNX weights from a released checkpoint; INT8 ones only when they lose nothing."""
    from training.export import export_onnx
    from training.small_weights import add_small_weights

    typer.echo(str(export_onnx(model)))
    if int8 is not None:
        typer.echo(add_small_weights(model, int8, pictures))


@app.command("release")
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
    from detector.types.taxonomy import VENDOR_CLASSES
    from training.release import ReleaseConfig, release

    config = ReleaseConfig(
        name=name,
        version=version,
        run=_last(run),
        measured=_last(measured) if measured else None,
        dataset=dataset,
        out=out,
        width_px=width_px,
        height_px=height_px,
        max_side_px=max_side_px,
        build_options=build_options,
        merged=VENDOR_CLASSES if name == "street" else (),
        limits=limits,
    )
    manifest = release(config)
    typer.echo(f"{manifest.name} {manifest.version}: {manifest.weights.sha256}")


@app.command()
def promote(
    candidate: Annotated[Path, typer.Argument(help="folder of a release")],
    dataset: Annotated[Path, typer.Option(help="the frozen dataset both are measured on")],
    models: Annotated[Path, _MODELS] = MODELS,
    check_only: Annotated[bool, typer.Option("--check-only", help="ask the gate, no more")] = False,
) -> None:
    """Put a release in the running model's place, unless the gate refuses it (exit code 2)."""
    from detector.types.taxonomy import VENDOR_CLASSES
    from training.gate import GateRule, judge
    from training.promote import promote as put_in_place
    from training.released import released_manifest

    manifest = released_manifest(candidate)
    running = models / manifest.name
    if running.exists():
        merged = VENDOR_CLASSES if "stall" in manifest.classes else ()
        verdict = judge(running, candidate, dataset, GateRule(merged=merged))
        for item in verdict.comparisons:
            typer.echo(
                f"{item.name:26} labels {item.labels:4} running {item.running:.3f} "
                f"candidate {item.candidate:.3f} difference {item.low:+.3f} to {item.high:+.3f}"
            )
        if not verdict.passed:
            typer.echo("refused: " + "; ".join(verdict.reasons), err=True)
            raise typer.Exit(2)
    if not check_only:
        typer.echo(f"{put_in_place(candidate, models)}: {manifest.version}")


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="model name")],
    models: Annotated[Path, _MODELS] = MODELS,
) -> None:
    """Bring back the model that was promoted over last."""
    from training.promote import rollback as bring_back

    manifest = bring_back(name, models)
    typer.echo(f"{manifest.name} {manifest.version}: {manifest.weights.sha256}")


def _last(run: Path) -> Path:
    return run / "run" / "weights" / "last.pt"
