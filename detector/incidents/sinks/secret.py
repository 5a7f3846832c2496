"""A destination's secret, from where it does not show."""

from __future__ import annotations

import os
from pathlib import Path

from detector.types import ConfigError


def read_secret(variable: str | None, file: Path | None, destination: str) -> bytes | None:
    """The secret from an environment variable or a file; None where neither is named.

    Raises ConfigError, which names the variable or the file but never the secret.
    """
    if variable is not None:
        value = os.environ.get(variable, "")
        if not value:
            raise ConfigError(
                f"destination {destination!r}: environment variable {variable} (secret_env) is "
                "not set"
            )
        return value.encode()
    return _from_file(file, destination) if file is not None else None


def _from_file(file: Path, destination: str) -> bytes:
    try:
        value = file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"destination {destination!r}: secret_file {file} cannot be read: {error.strerror}"
        ) from error
    if not value:
        raise ConfigError(f"destination {destination!r}: secret_file {file} is empty")
    return value
