"""Weights become INT8 so that what a convolution gives moves least."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LARGEST: Final = 127
_DAMPING: Final = 0.01  # of the mean variance, so that the inverse exists
_BLOCK: Final = 128  # columns whose errors are passed on together


def rounded_weights(
    weights: NDArray[np.float32],
    steps: NDArray[np.float32],
    covariance: NDArray[np.float32],
    largest: int = LARGEST,
) -> NDArray[np.int8]:
    """(O, K) whole numbers of -`largest` to that, `steps` (O,) of which, all above 0, make the
    weights (O, K).

    Each weight rounded to its nearest step is wrong by up to half of one, and what a convolution
    sums over K of them is wrong by much more. Here the weights are rounded one column after the
    other, and those not rounded yet make up for the error as well as they can, given how the
    inputs vary together (`covariance`, (K, K)). Source: Frantar, Ashkboos, Hoefler and Alistarh,
    "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023.
    """
    variance = np.diag(covariance)
    order = np.argsort(-variance, kind="stable")  # what matters most is rounded first
    left = weights[:, order].astype(np.float64)
    factor = _inverse_factor(covariance[np.ix_(order, order)].astype(np.float64))
    found = np.zeros(weights.shape, np.int8)
    for first in range(0, left.shape[1], _BLOCK):
        block = slice(first, first + _BLOCK)
        found[:, block], errors = _rounded_block(
            left[:, block], steps, factor[block, block], largest
        )
        left[:, first + _BLOCK :] -= errors @ factor[block, first + _BLOCK :]
    result = np.empty_like(found)
    result[:, order] = found
    return result


def _rounded_block(
    left: NDArray[np.float64], steps: NDArray[np.float32], factor: NDArray[np.float64], largest: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whole numbers of a block's columns, and what later columns have to make up for."""
    found, errors = np.zeros_like(left), np.zeros_like(left)
    for column in range(left.shape[1]):
        wanted = left[:, column]
        found[:, column] = np.clip(np.round(wanted / steps), -largest, largest)
        errors[:, column] = (wanted - found[:, column] * steps) / factor[column, column]
        left[:, column + 1 :] -= np.outer(errors[:, column], factor[column, column + 1 :])
    return found, errors


def _inverse_factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upper triangular U with U^T U the inverse of the damped covariance."""
    size = len(covariance)
    mean = np.trace(covariance) / size
    damped = covariance + np.eye(size) * (_DAMPING * mean if mean > 0 else 1.0)
    lower: NDArray[np.float64] = np.linalg.cholesky(np.linalg.inv(damped))
    return lower.T
