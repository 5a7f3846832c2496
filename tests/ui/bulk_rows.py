"""Rows by the ten thousand: past SQLAlchemy's own work on each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, Table

from detector.incidents import Transaction

Row = dict[str, Any]
_PLAIN: Callable[[Any], Any] = lambda value: value  # noqa: E731


def add_rows(transaction: Transaction, table: Table, rows: Sequence[Row]) -> None:
    """All rows name the same columns."""
    if not rows:
        return
    columns = [table.c[name] for name in rows[0]]
    writers = [(column.name, _writer(transaction, column)) for column in columns]
    values = [tuple(write(row[name]) for name, write in writers) for row in rows]
    names = ", ".join(f'"{column.name}"' for column in columns)
    cursor = transaction.connection.cursor()
    if transaction.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)
        return
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copying:
        for each in values:
            copying.write_row(each)


def _writer(transaction: Transaction, column: Column[Any]) -> Callable[[Any], Any]:
    """What turns a value into the driver's: the dialect's own conversion."""
    kind = column.type.dialect_impl(transaction.dialect)
    return kind.bind_processor(transaction.dialect) or _PLAIN
