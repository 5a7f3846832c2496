"""Draws one of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def any_of(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of them, each as likely; unlike the generator's own `choice` it keeps what they are."""
    return options[int(rng.integers(len(options)))]
