"""Fills a city's form from a case's record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pyproj import Transformer

from detector.geometry.ground import lon_lat_deg
from detector.incidents.sinks.form_table import FormCode, FormField, FormSource, FormTable
from detector.types import DeliveryRefused, Position

_S = FormSource


@lru_cache(maxsize=8)
def _from_wgs84(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def form_values(
    table: FormTable,
    record: Mapping[str, Any],
    key: str,
    address: str | None,
) -> dict[str, str]:
    """Text by the platform's field names; fields with nothing to say are left out.

    Raises DeliveryRefused that names every field which is mandatory and empty, or has text of a
    wrong form.
    """
    code = table.code(record["violation"], record["subtype"])
    if code is None:
        kind = f"{record['violation']}/{record['subtype']}"
        raise DeliveryRefused(f"form table {table.version} has no code for {kind}")
    known = _known(table, record, code, key, address)
    values: dict[str, str] = {}
    faults: list[str] = []
    for field in table.fields:
        text = _text(field, known)
        fault = _fault(field, text)
        if fault:
            faults.append(fault)
        elif text is not None:
            values[field.name] = text
    if faults:
        raise DeliveryRefused(f"form table {table.version}: {'; '.join(faults)}")
    return values


def _known(
    table: FormTable,
    record: Mapping[str, Any],
    code: FormCode,
    key: str,
    address: str | None,
) -> dict[FormSource, Any]:
    opened_at = datetime.fromisoformat(record["opened_at"])
    known: dict[FormSource, Any] = {
        _S.DESCRIPTION: record["description"],
        _S.ADDRESS: address,
        _S.GRID: record["grid"],
        _S.LIMIT_H: None if code.limit_h is None else f"{code.limit_h:g}",
        _S.DEADLINE: None if code.limit_h is None else _time(table, opened_at, code.limit_h),
        _S.CODE: code.code,
        _S.CODE_KIND: code.kind,
        _S.CONDITION: code.condition,
        _S.COMPONENT: record.get("component"),
        _S.URGENT: "true" if record["urgent"] else "false",
        _S.NUMBER: record["number"],
        _S.KEY: key,
        _S.SOURCE_ID: record["source_id"],
        _S.OPENED_AT: _time(table, opened_at, 0),
    }
    if record["place"]["position"] is not None:
        position = Position(**record["place"]["position"])
        x, y = _from_wgs84(table.crs).transform(*lon_lat_deg(position))
        decimals = 7 if abs(x) <= 180 and abs(y) <= 90 else 2  # degrees or metres
        known |= {_S.X: f"{x:.{decimals}f}", _S.Y: f"{y:.{decimals}f}"}
        known[_S.ERROR_RADIUS_M] = f"{position.error_radius_m:g}"
    return known


def _text(field: FormField, known: Mapping[FormSource, Any]) -> str | None:
    found = field.value if field.source == _S.VALUE else known.get(field.source)
    if found is None or not str(found).strip():
        return None
    text = field.values.get(str(found), str(found))
    return text[: field.max_chars] if field.max_chars else text


def _fault(field: FormField, text: str | None) -> str | None:
    if text is None:
        filled = f"mandatory field {field.name!r} (from {field.source}) is empty"
        return filled if field.mandatory else None
    if field.pattern is not None and not re.fullmatch(field.pattern, text):
        return f"field {field.name!r} (from {field.source}) has {text!r}, not {field.pattern}"
    return None


def _time(table: FormTable, at: datetime, hours: float) -> str:
    moved = at + timedelta(hours=hours)
    return moved.astimezone(ZoneInfo(table.time_zone)).strftime(table.time_format)
