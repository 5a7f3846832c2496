"""Pages of a list by key, so that new rows neither shift nor hide old ones."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, Table, and_, or_

from detector.types import XunjieError

T = TypeVar("T")


class CursorError(XunjieError):
    """A page's cursor that this list did not give out."""

    code = "cursor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next_cursor: str | None  # None: this was the last page


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last row of a page: newest first, by time and id."""

    at: datetime
    id: UUID

    def to_text(self) -> str:
        text = f"{self.at.astimezone(UTC).isoformat()}|{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Raises CursorError."""
        try:
            at, _, key = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
            cursor = cls(at=datetime.fromisoformat(at), id=UUID(key))
        except (ValueError, binascii.Error) as error:
            raise CursorError(f"cursor {text[:100]!r} is not from this list") from error
        if cursor.at.tzinfo is None:
            raise CursorError(f"cursor {text[:100]!r} is not from this list")
        return cursor


def paged(
    query: Select[Any], table: Table, time_column: str, cursor: str | None, limit: int
) -> Select[Any]:
    """Newest first, one row more than asked for, which tells whether there is another page."""
    at, key = table.c[time_column], table.c.id
    if cursor is not None:
        after = Cursor.from_text(cursor)
        query = query.where(or_(at < after.at, and_(at == after.at, key < after.id)))
    return query.order_by(at.desc(), key.desc()).limit(limit + 1)


def page_of(items: list[T], limit: int, time_field: str) -> Page[T]:
    more = len(items) > limit
    kept = items[:limit]
    following = None
    if more:
        last: Any = kept[-1]
        following = Cursor(at=getattr(last, time_field), id=last.id).to_text()
    return Page(items=tuple(kept), next_cursor=following)
