"""The releases that a service looks with, each on the engine that is cheapest on this machine."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from api.config import CityConfig
from detector.inference import BackendName, ReleasedModel, chosen_engine, load_model
from detector.inference.manifest import Manifest, read_manifest
from detector.types import ConfigError, Detector

_log = structlog.get_logger(__name__)


class ReleasedModels:
    """Where the cheapest engine of a release was never measured, a likely one begins, so that looks
    wait for no measurement; `measure` makes up for it. `choices` remembers what was measured."""

    def __init__(self, config: CityConfig, choices: Path) -> None:
        self._config, self._choices = config, choices
        self._lock = threading.Lock()
        self._measuring: subprocess.Popen[str] | None = None
        self._stopped = False

    def load(self, loaded: Sequence[Detector] = ()) -> tuple[Detector, ...]:
        """As `load_models`."""
        return load_models(self._config, loaded, self._choices)

    def measure(self, loaded: Sequence[Detector]) -> bool:
        """Measures, in a process of its own, those of the `loaded` that run on a likely engine;
        whether there is anything new to load."""
        folders = self._unmeasured(loaded)
        process = self._started(folders) if folders else None
        if process is None:
            return False
        began_s = time.monotonic()
        _, said = process.communicate()
        if process.returncode != 0:
            if not self._stopped:
                _log.warning("engines_not_measured", code=process.returncode, said=said[-500:])
            return False
        took_s = round(time.monotonic() - began_s, 1)
        _log.info("engines_measured", models=[f.name for f in folders], took_s=took_s)
        return not self._unmeasured(loaded)  # else the choice could not be kept

    def stop(self) -> None:
        """Ends a measurement."""
        with self._lock:
            self._stopped = True
            if self._measuring is not None:
                self._measuring.kill()

    def _unmeasured(self, loaded: Sequence[Detector]) -> list[Path]:
        manifests = [model.manifest for model in loaded if isinstance(model, ReleasedModel)]
        found = ((f, read_manifest(f)) for f in (_folders(self._config) if manifests else ()))
        return [
            folder
            for folder, manifest in found
            if manifest in manifests
            and _engine(manifest, folder, self._config, self._choices) is None
        ]

    def _started(self, folders: Sequence[Path]) -> subprocess.Popen[str] | None:
        threads = str(self._config.looks.inference_threads)
        command = [sys.executable, "-m", "detector.inference.measure"]
        command += ["--choices", str(self._choices), "--threads", threads]
        with self._lock:
            if self._stopped:
                return None
            self._measuring = subprocess.Popen(  # noqa: S603 - ourselves, on our own files
                [*command, *map(str, folders)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            return self._measuring


def load_models(
    config: CityConfig, loaded: Sequence[Detector] = (), choices: Path | None = None
) -> tuple[Detector, ...]:
    """Every released model that a camera's tasks need; of those that are `loaded` already, the
    unchanged ones are kept. Raises ModelError naming the folder."""
    known = [model for model in loaded if isinstance(model, ReleasedModel)]
    return tuple(
        (_unchanged(folder, known, config, choices) if known else None)
        or load_model(
            folder,
            backend=config.looks.backend,
            threads=config.looks.inference_threads,
            at_once=config.looks.threads,
            choices=choices,
            measure=False,
        )
        for folder in _folders(config)
    )


def _folders(config: CityConfig) -> list[Path]:
    folders = sorted(path.parent for path in config.models_folder.glob("*/manifest.json"))
    if not folders:
        raise ConfigError(
            f"models_folder {config.models_folder}: holds no released model", code="no_models"
        )
    return [folder for folder in folders if folder.name != "aerial"]


def _unchanged(
    folder: Path, loaded: Sequence[ReleasedModel], config: CityConfig, choices: Path | None
) -> ReleasedModel | None:
    manifest = read_manifest(folder)
    engine = _engine(manifest, folder, config, choices)
    same = (model for model in loaded if model.manifest == manifest)
    return next((model for model in same if engine in (None, model.engine)), None)


def _engine(
    manifest: Manifest, folder: Path, config: CityConfig, choices: Path | None
) -> BackendName | None:
    """Which one `load_model` would take; None where that was never measured."""
    looks = config.looks
    return chosen_engine(
        manifest, folder, backend=looks.backend, threads=looks.inference_threads, choices=choices
    )
