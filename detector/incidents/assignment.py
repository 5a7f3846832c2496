"""One-to-one assignment of findings to incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_FORBIDDEN: Final = 1e6


def assign(costs: Sequence[Sequence[float | None]]) -> list[int | None]:
    """For each row its column: as many pairs as possible, and among those the cheapest sum.

    None as a cost (0 to 1000 otherwise) forbids a pair. Greedy pairing would not do: with two
    covers side by side and a position that is a few metres off, it gives the first one's
    incident to the second and opens a false one. Hungarian method, O(rows² · columns).
    """
    rows, columns = len(costs), max((len(row) for row in costs), default=0)
    if not rows or not columns:
        return [None] * rows
    # Padding columns let a row stay alone when there are more rows than columns.
    width = columns + rows
    matrix = [[_FORBIDDEN if c is None else c for c in row] + [_FORBIDDEN] * rows for row in costs]
    chosen = _hungarian(matrix, width)
    return [
        c if c is not None and c < columns and matrix[r][c] < _FORBIDDEN else None
        for r, c in enumerate(chosen)
    ]


def _hungarian(matrix: list[list[float]], width: int) -> list[int | None]:
    """Column of each row; needs at least as many columns as rows. Index 0 is a sentinel."""
    row_price = [0.0] * (len(matrix) + 1)
    column_price = [0.0] * (width + 1)
    owner = [0] * (width + 1)
    for row in range(1, len(matrix) + 1):
        owner[0] = row
        _augment(matrix, width, row_price, column_price, owner)
    chosen: list[int | None] = [None] * len(matrix)
    for column in range(1, width + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen


def _augment(
    matrix: list[list[float]],
    width: int,
    row_price: list[float],
    column_price: list[float],
    owner: list[int],
) -> None:
    """Finds the cheapest path that gives the sentinel's row a column, and takes it."""
    slack = [float("inf")] * (width + 1)
    before = [0] * (width + 1)
    used = [False] * (width + 1)
    column = 0
    while owner[column]:
        used[column] = True
        row, step, following = owner[column], float("inf"), 0
        for c in range(1, width + 1):
            if used[c]:
                continue
            reduced = matrix[row - 1][c - 1] - row_price[row] - column_price[c]
            if reduced < slack[c]:
                slack[c], before[c] = reduced, column
            if slack[c] < step:
                step, following = slack[c], c
        for c in range(width + 1):
            if used[c]:
                row_price[owner[c]] += step
                column_price[c] -= step
            else:
                slack[c] -= step
        column = following
    while column:
        owner[column] = owner[before[column]]
        column = before[column]
