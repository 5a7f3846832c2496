"""What an install without the `train` extra lacks, said in one line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final, ParamSpec, TypeVar

import typer

from detector.types import XunjieError

TORCH: Final = ("torch", "ultralytics", "safetensors")
EXPORT: Final = (*TORCH, "onnx")
QUANTISE: Final = ("onnx",)

_P = ParamSpec("_P")
_R = TypeVar("_R")


class MissingLibraryError(XunjieError):
    """A library of the `train` extra is not installed."""


def require(names: tuple[str, ...]) -> None:
    """Raises MissingLibraryError naming what is missing and how to install it."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise MissingLibraryError(
            f"{', '.join(missing)} not installed: install xunjie[train] "
            "(pip install 'xunjie[train]')"
        )


def guarded(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """A command whose faults of input become one line on stderr and exit code 2."""

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        try:
            return command(*args, **kwargs)
        except (XunjieError, ValueError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error

    return run
