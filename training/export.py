"""ONNX weights from a released checkpoint: dynamic sizes, no suppression inside."""

from __future__ import annotations

import shutil
from pathlib import Path

from detector.inference.manifest import read_manifest
from detector.types import ModelError
from training.checkpoint import load_checkpoint

OPSET = 17


def export_onnx(folder: Path) -> Path:
    """Write `weights.onnx` into a release folder that holds a checkpoint."""
    model = load_checkpoint(folder)
    model.model.pt_path = str(folder / "weights.pt")  # names the exported file; never written
    made = Path(
        model.export(format="onnx", dynamic=True, simplify=False, opset=OPSET, device="cpu")
    )
    target = folder / "weights.onnx"
    if made.resolve() != target.resolve():
        shutil.move(made, target)
    return target


def weights_as_recorded(folder: Path) -> Path | None:
    """The weights of a release that has them and whose manifest tells their hash; else None."""
    if not (folder / "manifest.json").is_file():
        return None
    try:
        return folder / read_manifest(folder).weights.file
    except ModelError:
        if (folder / "weights.onnx").is_file():
            raise
        return None
