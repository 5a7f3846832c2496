"""The ledger of rooftop structures: what is existing stock, what was approved, what is gone.

Rows come from and go back to the city's platform as CSV or GeoJSON.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely import wkt
from shapely.errors import ShapelyError
from shapely.geometry import Point, mapping, shape
from shapely.geometry.base import BaseGeometry

from detector.flights.errors import LedgerError


class LedgerStatus(StrEnum):
    EXISTING = "existing"  # existing stock, to be struck off one by one
    APPROVED = "approved"  # with a permit and its dates
    UNKNOWN = "unknown"  # entered, but nobody has decided


class LedgerVerdict(StrEnum):
    """What the ledger says of a structure that was found."""

    NONE = "none"
    EXISTING = "existing"
    APPROVED = "approved"
    UNKNOWN = "unknown"


class LedgerRow(BaseModel):
    """One structure. `geometry` is GeoJSON, WGS-84: an outline, or a point with its radius."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    status: LedgerStatus
    class_name: str = "rooftop_shed"
    building_id: str = ""
    area_m2: float | None = Field(default=None, ge=0)
    permit_number: str = ""
    permit_from: date | None = None
    permit_to: date | None = None
    error_radius_m: float = Field(default=3.0, ge=0)
    geometry: Mapping[str, Any]
    struck_off_at: datetime | None = None
    struck_off_picture: str = ""
    note: str = ""

    @property
    def standing(self) -> bool:
        return self.struck_off_at is None

    @property
    def outline(self) -> BaseGeometry:
        """In degrees."""
        return shape(dict(self.geometry))

    def approved_on(self, day: date) -> bool:
        return (
            self.status is LedgerStatus.APPROVED
            and (self.permit_from is None or self.permit_from <= day)
            and (self.permit_to is None or day <= self.permit_to)
        )

    def verdict(self, day: date) -> LedgerVerdict:
        """A permit counts within its dates only; outside them somebody must decide."""
        if self.status is LedgerStatus.EXISTING:
            return LedgerVerdict.EXISTING
        return LedgerVerdict.APPROVED if self.approved_on(day) else LedgerVerdict.UNKNOWN


_PLAIN = tuple(name for name in LedgerRow.model_fields if name != "geometry")


@dataclass(frozen=True, slots=True)
class Ledger:
    """Rows in their order; ids are unique."""

    rows: tuple[LedgerRow, ...] = ()

    def struck_off(self, row_id: str, at: datetime, picture: str) -> Ledger:
        """The ledger with a row struck off, with the picture that proves it."""
        rows = tuple(
            row.model_copy(update={"struck_off_at": at, "struck_off_picture": picture})
            if row.id == row_id and row.standing
            else row
            for row in self.rows
        )
        return replace(self, rows=rows)

    def merged(self, other: Ledger) -> Ledger:
        """Rows of both; where an id is in both, the other's."""
        rows = {row.id: row for row in self.rows} | {row.id: row for row in other.rows}
        return Ledger(tuple(rows.values()))


def read_ledger(path: Path) -> Ledger:
    """Reads .csv, .geojson or .json. Raises LedgerError naming file, row and field."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LedgerError(f"{path}: not UTF-8 text; export it as UTF-8") from error
    raw = _csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_rows(path, text)
    rows = [_row(path, where, values) for where, values in raw]
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise LedgerError(f"{path.name}: id {row.id!r} stands twice")
        seen.add(row.id)
    return Ledger(tuple(rows))


def write_ledger(path: Path, ledger: Ledger) -> None:
    """Writes .csv (geometry as WKT) or GeoJSON, whole or not at all."""
    text = _as_csv(ledger) if path.suffix.lower() == ".csv" else _as_json(ledger)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _csv_rows(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for number, cells in enumerate(csv.DictReader(io.StringIO(text)), 2):
        where = f"row {number}"
        values: dict[str, Any] = {k: v for k, v in cells.items() if k and v not in ("", None)}
        values["geometry"] = _csv_geometry(path, where, values)
        found.append((where, values))
    return found


def _csv_geometry(path: Path, where: str, values: dict[str, Any]) -> dict[str, Any]:
    """From a WKT column, or from lon and lat."""
    lon, lat, drawn = (values.pop(name, None) for name in ("lon", "lat", "wkt"))
    try:
        return dict(mapping(wkt.loads(drawn) if drawn else Point(float(lon), float(lat))))
    except (ShapelyError, TypeError, ValueError) as error:
        raise LedgerError(f"{path.name}: {where}: needs wkt, or lon and lat: {error}") from error


def _json_rows(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        features = json.loads(text)["features"]
        return [
            (f"feature {n}", {**(f.get("properties") or {}), "geometry": f["geometry"]})
            for n, f in enumerate(features, 1)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(f"{path.name}: not a GeoJSON FeatureCollection: {error}") from error


def _row(path: Path, where: str, values: dict[str, Any]) -> LedgerRow:
    try:
        row = LedgerRow.model_validate(values)
        bounds = row.outline.bounds
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise LedgerError(f"{path.name}: {where}: {field}: {first['msg']}") from error
    except (ShapelyError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path.name}: {where}: geometry: {error}") from error
    if not bounds or abs(bounds[0]) > 180 or abs(bounds[1]) > 90 or bounds[3] > 90:
        raise LedgerError(f"{path.name}: {where}: geometry: not in WGS-84 degrees")
    return row


def _as_csv(ledger: Ledger) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*_PLAIN, "lon", "lat", "wkt"], lineterminator="\n")
    writer.writeheader()
    for row in ledger.rows:
        middle = row.outline.centroid
        plain = {k: "" if v is None else v for k, v in _plain(row).items()}
        place = {"lon": f"{middle.x:.8f}", "lat": f"{middle.y:.8f}", "wkt": row.outline.wkt}
        writer.writerow({**plain, **place})
    return out.getvalue()


def _as_json(ledger: Ledger) -> str:
    features = [
        {"type": "Feature", "properties": _plain(row), "geometry": dict(row.geometry)}
        for row in ledger.rows
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, indent=1)


def _plain(row: LedgerRow) -> dict[str, Any]:
    return row.model_dump(mode="json", include=set(_PLAIN))
