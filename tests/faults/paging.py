"""Everything that a paged query gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def every(page_after: Callable[[str | None], Any]) -> Iterator[Any]:
    """Items of all pages; `page_after` takes a cursor, None for the first page."""
    cursor: str | None = None
    while True:
        page = page_after(cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
