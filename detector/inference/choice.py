"""Which engine runs a model cheapest on this machine: measured once, then remembered."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.cpu import cpu_name

_log = structlog.get_logger(__name__)
_PASSES: Final = 3
_BETTER: Final = 1.1
_PATCH_PX: Final = 24
_FAR: Final = 0.2
"""Of the output's own size. Only a broken computation is so far off: overflowing INT8 sums, say.
What smaller numbers change in real pictures is measured at the export (`training.small_weights`).
"""


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
    An engine that cannot run the model is not chosen, nor one whose output for the measured picture
    is far from that of the first that could; raises its error when none can.
    """
    name = remembered_engine(builders, key, remembered)
    if name is not None:
        return name, builders[name]()
    name, backend = _measured(builders, shape)
    _write(remembered, {**_read(remembered), _entry(builders, key): name})
    return name, backend


def remembered_engine(names: Collection[str], key: str, remembered: Path) -> str | None:
    """Which of them `cheapest` would take without measuring; None where it would have to."""
    name = _read(remembered).get(_entry(names, key))
    return name if name in names else None


@dataclass(frozen=True, slots=True)
class _Tried:
    name: str
    backend: Backend
    output: NDArray[np.float32]


def _measured(
    builders: Mapping[str, Callable[[], Backend]], shape: tuple[int, ...]
) -> tuple[str, Backend]:
    """Each engine against the best so far, so that no more than two networks are held at a time."""
    picture = _picture(shape)
    first: _Tried | None = None
    best: _Tried | None = None
    costs_ms: dict[str, float] = {}
    failure: Exception | None = None
    for name, build in builders.items():
        try:
            backend = build()
            # a first pass also readies an engine; what it costs says little
            tried = _Tried(name, backend, backend.run(picture))
            first = first or tried
            if _distance(tried.output, first.output) > _FAR:
                _log.warning("engine_disagrees", engine=name, with_engine=first.name)
                continue
            if best is None:
                best = tried
                continue
            costs_ms[best.name], costs_ms[name] = _in_turns(best.backend, tried.backend, picture)
        except Exception as error:  # the engines raise their own unrelated types
            failure = error
            _log.warning("engine_unusable", engine=name, error=str(error))
            continue
        margin = _BETTER if best is first else 1.0
        if costs_ms[name] * margin < costs_ms[best.name]:
            best = tried
    if best is None:
        raise failure or RuntimeError("no engine to choose from")
    rounded = {name: round(cost, 1) for name, cost in costs_ms.items()}
    _log.info("engine_chosen", engine=best.name, core_ms=rounded)
    return best.name, best.backend


def _in_turns(best: Backend, other: Backend, picture: NDArray[np.float32]) -> tuple[float, float]:
    """What a pass of each costs, in core-milliseconds: the least of a few that take turns.

    A shared machine's cores halve their speed for seconds at a time; measured one after the other,
    such a moment would choose an engine for good. One that takes twice the best one's time is not
    measured twice.
    """
    best_ms, other_ms = math.inf, math.inf
    for _ in range(_PASSES):
        best_ms = min(best_ms, pass_ms(best, picture))
        other_ms = min(other_ms, pass_ms(other, picture))
        if other_ms > 2 * best_ms:
            break
    return best_ms, other_ms


def _picture(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Patches of colour with some noise, of that (N, 3, H, W), 0 to 1."""
    chance = np.random.default_rng(0)
    count, channels, height, width = shape
    rough = chance.random((count, channels, -(-height // _PATCH_PX), -(-width // _PATCH_PX)))
    patches = rough.repeat(_PATCH_PX, axis=2).repeat(_PATCH_PX, axis=3)[..., :height, :width]
    return np.asarray(0.9 * patches + 0.1 * chance.random(shape), np.float32)


def _distance(output: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """0 for the same output; 1 where they differ by as much as there is."""
    if output.shape != other.shape:
        return math.inf
    return float(np.linalg.norm(output - other) / max(float(np.linalg.norm(other)), 1e-9))


def pass_ms(backend: Backend, picture: NDArray[np.float32]) -> float:
    """Core-milliseconds of one pass over a (N, 3, H, W) picture: the CPU time of all threads."""
    began_s = time.process_time()
    backend.run(picture)
    return (time.process_time() - began_s) * 1000


def _entry(engines: Iterable[str], key: str) -> str:
    return f"{key} {_machine(engines)}"


def _machine(engines: Iterable[str]) -> str:
    runtimes = sorted({name.partition("_")[0] for name in engines})
    versions = [f"{name} {_version(name)}" for name in runtimes]
    return f"{cpu_name()} ×{os.cpu_count()} {' '.join(versions)} of {' '.join(sorted(engines))}"


def _version(runtime: str) -> str:
    """Of whichever build of it is installed: that for graphics processors has another name."""
    try:
        return version(runtime)
    except PackageNotFoundError:
        return version(f"{runtime}-gpu")


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
