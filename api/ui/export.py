"""Many cases at once, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from detector.geometry.ground import lon_lat_deg
from detector.incidents import Case, CaseFilter, Queries

COLUMNS: Final = (
    "number",
    "violation",
    "subtype",
    "urgent",
    "state",
    "code",
    "source_id",
    "grid",
    "lon_deg",
    "lat_deg",
    "error_radius_m",
    "opened_at",
    "updated_at",
    "ended_at",
    "description",
)
_PAGE: Final = 500


def every_case(queries: Queries, which: CaseFilter, most: int) -> Iterator[Case]:
    """Newest first, read in pages: memory stays small."""
    cursor = None
    while most > 0:
        page = queries.cases(which, cursor=cursor, limit=min(_PAGE, most))
        yield from page.items
        most -= len(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return


def csv_lines(cases: Iterator[Case]) -> Iterator[str]:
    """With a mark at the front by which spreadsheet programs know UTF-8."""
    yield "\ufeff" + _line(COLUMNS)
    for case in cases:
        values = _values(case)
        yield _line([_cell(values[name]) for name in COLUMNS])


def geojson(cases: Iterator[Case]) -> Iterator[str]:
    """A FeatureCollection in WGS-84; a case without a position has a null geometry."""
    yield '{"type": "FeatureCollection", "features": ['
    for number, case in enumerate(cases):
        values = _values(case)
        lon, lat = values.pop("lon_deg"), values.pop("lat_deg")
        point = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
        feature = {
            "type": "Feature",
            "id": str(case.id),
            "geometry": point,
            "properties": values,
        }
        yield ("," if number else "") + json.dumps(feature, ensure_ascii=False)
    yield "]}"


def _values(case: Case) -> dict[str, Any]:
    position = case.place.position
    lon, lat = lon_lat_deg(position) if position else (None, None)
    return {
        "number": case.number,
        "violation": case.violation,
        "subtype": case.subtype,
        "urgent": case.urgent,
        "state": case.state.value,
        "code": case.code,
        "source_id": case.source_id,
        "grid": case.grid,
        "lon_deg": lon,
        "lat_deg": lat,
        "error_radius_m": position.error_radius_m if position else None,
        "opened_at": case.opened_at.isoformat(),
        "updated_at": case.updated_at.isoformat(),
        "ended_at": case.ended_at.isoformat() if case.ended_at else None,
        "description": case.description,
    }


def _line(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A spreadsheet runs what begins like a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
