"""A released model's folder as training sees it: its manifest and its network."""

from __future__ import annotations

from pathlib import Path

from detector.inference.manifest import Manifest, read_manifest
from detector.inference.reading import Reading
from training.predict import OnnxModel


def released_manifest(folder: Path) -> Manifest:
    """The checked manifest of a model's folder; ModelError names what is at fault."""
    return read_manifest(folder)


def network_of(folder: Path, weights: str | None = None) -> OnnxModel:
    """The network with the input size of its manifest; `weights` names another file beside it."""
    manifest = read_manifest(folder)
    return OnnxModel(
        folder / (weights or manifest.weights.file),
        manifest.input.width_px,
        manifest.input.height_px,
        Reading.of(manifest),
    )
