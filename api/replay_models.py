"""The models of a replay, on whichever machine it runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from api.config import RELEASED_MODELS
from detector.inference import load_model
from detector.inference.manifest import read_manifest
from detector.types import ConfigError, Detector


class ReplayModels:
    """Loads them where it is called, once in each process. Two machines must not answer with
    different models, so the weights' sha256 go along."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        """`folder`: one that every machine reaches, unless it is the installation's own, which each
        machine has at a place of its own. Raises ModelError, or ConfigError where none is there."""
        self._folder = None if folder.resolve() == RELEASED_MODELS else folder.absolute()
        self._threads = threads
        self._sha256 = tuple(read_manifest(each).weights.sha256 for each in _folders(folder))
        if not self._sha256:
            raise ConfigError(f"{folder}: holds no released model", code="no_models")

    def __call__(self) -> Sequence[Detector]:
        """Raises ModelError; ConfigError where they are others than those of the caller."""
        folder = self._folder or RELEASED_MODELS
        detectors = _loaded(folder, self._threads)
        if tuple(each.sha256 for each in detectors) != self._sha256:
            raise ConfigError(f"{folder}: other models than where the replay was started")
        return detectors


@lru_cache(maxsize=1)
def _loaded(folder: Path, threads: int) -> tuple[Detector, ...]:
    return tuple(load_model(each, threads=threads) for each in _folders(folder))


def _folders(folder: Path) -> list[Path]:
    return [path.parent for path in sorted(folder.glob("*/manifest.json"))]
