"""Which engine runs a model cheapest on this machine: measured once, then remembered."""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from detector.inference.backend import Backend

_log = structlog.get_logger(__name__)
_PASSES: Final = 3
_BETTER: Final = 1.1


def cheapest(
    builders: Mapping[str, Callable[[], Backend]],
    shape: tuple[int, ...],
    key: str,
    remembered: Path,
) -> tuple[str, Backend]:
    """The engine whose passes take the least CPU time, and a backend of it; the one named first,
    unless another is cheaper by a tenth: chance must not decide between equals.

    CPU time, not the clock's: what else runs on the machine at its start must not decide.
    `remembered` is a JSON file of earlier choices; one made with another CPU or another version of
    an engine does not count. A file that cannot be read or written costs a measurement, no more.
    An engine that cannot run the model is not chosen; raises its error when none can.
    """
    entry = f"{key} {_machine(builders)}"
    choices = _read(remembered)
    name = choices.get(entry, "")
    if name in builders:
        return name, builders[name]()
    costs_ms, backends, failure = _measured(builders, shape)
    if not costs_ms:
        raise failure or RuntimeError("no engine to choose from")
    first = next(iter(costs_ms))
    name = min(costs_ms, key=lambda each: costs_ms[each] * (1 if each == first else _BETTER))
    _log.info("engine_chosen", engine=name, core_ms={k: round(v, 1) for k, v in costs_ms.items()})
    _write(remembered, {**choices, entry: name})
    return name, backends[name]


def _measured(
    builders: Mapping[str, Callable[[], Backend]], shape: tuple[int, ...]
) -> tuple[dict[str, float], dict[str, Backend], Exception | None]:
    picture = np.random.default_rng(0).random(shape, np.float32)
    costs_ms: dict[str, float] = {}
    backends: dict[str, Backend] = {}
    failure: Exception | None = None
    for name, build in builders.items():
        try:
            backend = build()
            backend.run(picture)
            costs_ms[name] = statistics.median(_pass_ms(backend, picture) for _ in range(_PASSES))
            backends[name] = backend
        except Exception as error:  # the engines raise their own unrelated types
            failure = error
            _log.warning("engine_unusable", engine=name, error=str(error))
    return costs_ms, backends, failure


def _pass_ms(backend: Backend, picture: np.ndarray) -> float:
    began_s = time.process_time()
    backend.run(picture)
    return (time.process_time() - began_s) * 1000


def _machine(engines: Mapping[str, object]) -> str:
    versions = [f"{name} {version(name)}" for name in sorted(engines)]
    return f"{_cpu()} ×{os.cpu_count()} {' '.join(versions)}"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _read(path: Path) -> dict[str, str]:
    try:
        choices = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return choices if isinstance(choices, dict) else {}


def _write(path: Path, choices: Mapping[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, delete=False, encoding="utf-8", suffix=".part"
        ) as file:
            json.dump(choices, file, indent=1)
        Path(file.name).replace(path)
    except OSError as error:
        _log.warning("engine_choice_not_kept", file=str(path), error=error.strerror)
