"""The city's table of cameras as CSV: read with its faults named by line, written, compared."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Final
from urllib.parse import urlsplit

from detector.geometry.crs import WGS84, normal_name, wgs84_lon_lat_deg
from detector.sources.base import BaseSourceConfig
from detector.types import ConfigError, Position, XunjieError

COLUMNS: Final = (
    "id", "name", "url", "lon", "lat", "crs", "department", "county", "grid", "interval", "tasks",
)  # fmt: skip
_NEEDED: Final = ("id", "url")
_BETWEEN_TASKS: Final = re.compile(r"[;,|、；，\s]+")
_GATEWAY: Final = re.compile(r"(?P<base>https?://.+)/(?P<device>\d{20})/(?P<channel>\d{20})/?")
_TOLD: Final = re.compile(r"(?P<kind>snapshot|stream)\+(?P<url>https?://.+)")
_PICTURE: Final = re.compile(r"\.(jpe?g|png)$|snap", re.IGNORECASE)
_DEFAULT_INTERVAL_S: Final = 10.0
_POSITION_ERROR_M: Final = 30.0  # of a pole on a city's list


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRow:
    """One camera. A gateway's channel has the url gateway+http://HOST/DEVICE/CHANNEL; snapshot+ or
    stream+ before an http address tells what it is; push: is a camera that hands pictures over."""

    id: str
    name: str
    url: str
    position: Position | None
    department: str
    county: str
    grid: str
    interval_s: float
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """Why a line cannot be taken."""

    line: int  # of the file, the header being line 1
    column: str
    error: XunjieError
    """What is wrong, with its code and values."""

    @property
    def message(self) -> str:
        return str(self.error)

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTable:
    """The good rows, which may be taken, and what is wrong with the others."""

    rows: tuple[CameraRow, ...]
    faults: tuple[RowFault, ...]
    lines: Mapping[str, int] = field(default_factory=dict)  # of the good rows, by id


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A camera that stands in both tables with other values."""

    before: CameraRow
    after: CameraRow
    columns: tuple[str, ...]  # names of the CameraRow's fields that differ


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDiff:
    """What a new table would change."""

    added: tuple[CameraRow, ...]
    removed: tuple[CameraRow, ...]
    changed: tuple[RowChange, ...]
    unchanged: int


class _Fault(ConfigError):
    """What is wrong with a row, and in which column."""

    def __init__(self, column: str, text: str, /, *, code: str = "", **values: object) -> None:
        super().__init__(text, code=code, **values)
        self.column = column


def read_table(data: bytes, name: str, tasks: Iterable[str] | None = None) -> CameraTable:
    """Rows and faults of a CSV in UTF-8 or, as Chinese spreadsheets write it, GB 18030.

    `tasks`: those that are known; None: any. Raises ConfigError for a file that is no such table.
    """
    known_tasks = None if tasks is None else frozenset(tasks)
    reader = csv.DictReader(io.StringIO(_text(data, name), newline=""), strict=True)
    _demand_columns(reader.fieldnames or (), name)
    rows: dict[str, CameraRow] = {}
    faults: list[RowFault] = []
    first_lines: dict[str, int] = {}
    try:
        for raw in reader:
            line = reader.line_num
            values = {k: (v or "").strip() for k, v in raw.items() if isinstance(k, str)}
            if not any(values.values()):
                continue
            try:
                if None in raw:
                    raise _Fault(
                        "id",
                        "has more values than there are columns; quote commas",
                        code="row_too_long",
                    )
                row = _row(values, known_tasks)
                if row.id in rows:
                    before = first_lines[row.id]
                    text = f"{row.id!r} stands in line {before}, too"
                    raise _Fault("id", text, code="row_twice", id=row.id, line=before)
            except _Fault as fault:
                faults.append(RowFault(line=line, column=fault.column, error=fault))
                continue
            rows[row.id], first_lines[row.id] = row, line
    except csv.Error as error:
        no_csv = ConfigError(f"not CSV: {error}", code="row_not_csv")
        faults.append(RowFault(line=reader.line_num, column="", error=no_csv))
    return CameraTable(rows=tuple(rows.values()), faults=tuple(faults), lines=first_lines)


def write_table(rows: Iterable[CameraRow], *, url: Callable[[str], str] = str) -> bytes:
    """CSV with a byte order mark, by which spreadsheets know UTF-8. `url` may redact addresses."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        place = row.position
        where = (_number(place.x), _number(place.y), place.crs) if place else ("", "", "")
        writer.writerow(
            (
                row.id,
                row.name,
                url(row.url),
                *where,
                row.department,
                row.county,
                row.grid,
                _number(row.interval_s),
                ";".join(row.tasks),
            )
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def compare(before: Iterable[CameraRow], after: Iterable[CameraRow]) -> TableDiff:
    """Which cameras a table adds, removes and changes, each in the order of its own table."""
    old = {row.id: row for row in before}
    new = {row.id: row for row in after}
    changed = tuple(
        RowChange(before=old[row.id], after=row, columns=columns)
        for row in new.values()
        if row.id in old and (columns := _differing(old[row.id], row))
    )
    return TableDiff(
        added=tuple(row for row in new.values() if row.id not in old),
        removed=tuple(row for row in old.values() if row.id not in new),
        changed=changed,
        unchanged=sum(1 for row in new.values() if row.id in old) - len(changed),
    )


def source_of(row: CameraRow) -> BaseSourceConfig:
    """The settings of the source that the row's url means. Raises ConfigError."""
    from detector.sources.registry import parse_source  # which itself looks through this package

    settings: dict[str, object] = {"id": row.id, "name": row.name, "interval_s": row.interval_s}
    return parse_source({**settings, **_kind_of(row.url)})


def _kind_of(url: str) -> Mapping[str, str]:
    if url.startswith("gateway+"):
        found = _GATEWAY.fullmatch(url.removeprefix("gateway+"))
        if found is None:
            raise ConfigError(
                "a gateway's url ends with /DEVICE/CHANNEL, 20 digits each", code="url_of_gateway"
            )
        ids = {"device_id": found["device"], "channel_id": found["channel"]}
        return {"kind": "gateway", "url": found["base"], **ids}
    if url == "push:":
        return {"kind": "push"}
    told = _TOLD.fullmatch(url)
    if told is not None:
        return {"kind": told["kind"], "url": told["url"]}
    scheme = urlsplit(url).scheme
    if scheme in ("http", "https") and _PICTURE.search(urlsplit(url).path):
        return {"kind": "snapshot", "url": url}
    if scheme in ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https"):
        return {"kind": "stream", "url": url}
    raise ConfigError(
        "begins with none of rtsp:// rtmp:// http:// https:// gateway+http://", code="url_scheme"
    )


def _row(values: Mapping[str, str], known_tasks: frozenset[str] | None) -> CameraRow:
    row = CameraRow(
        id=values["id"],
        name=values.get("name", ""),
        url=values["url"],
        position=_position(values),
        department=values.get("department", ""),
        county=values.get("county", ""),
        grid=values.get("grid", ""),
        interval_s=_interval_s(values.get("interval", "")),
        tasks=_tasks(values.get("tasks", ""), known_tasks),
    )
    try:
        source_of(row)
    except ConfigError as error:
        column = "id" if "id:" in str(error) else "url"
        raise _as_fault(column, error) from error
    except ValueError as error:  # a port that is no number
        raise _Fault("url", str(error), code="url_wrong") from error
    return row


def _as_fault(column: str, error: ConfigError) -> _Fault:
    return _Fault(column, str(error), code=error.code, **error.values)


def _position(values: Mapping[str, str]) -> Position | None:
    lon, lat, crs = values.get("lon", ""), values.get("lat", ""), values.get("crs", "")
    if not lon and not lat:
        return None
    numbers = []
    for column, text in (("lon", lon), ("lat", lat)):
        try:
            numbers.append(float(text))
        except ValueError as error:
            told = f"{text!r} is not a number"
            raise _Fault(column, told, code="not_a_number", text=text) from error
    if not all(isfinite(number) for number in numbers):
        raise _Fault("lon", "is not a finite number", code="not_finite")
    try:
        name = normal_name(crs or WGS84)
        place = Position(x=numbers[0], y=numbers[1], crs=name, error_radius_m=_POSITION_ERROR_M)
        east, north = wgs84_lon_lat_deg(place)
    except ConfigError as error:
        raise _as_fault("crs", error) from error
    if not (-180 <= east <= 180 and -90 <= north <= 90):
        told = f"({lon}, {lat}) is nowhere on earth; are lon and lat exchanged?"
        raise _Fault("lat", told, code="nowhere", lon=lon, lat=lat)
    return place


def _interval_s(text: str) -> float:
    if not text:
        return _DEFAULT_INTERVAL_S
    try:
        interval_s = float(text)
    except ValueError as error:
        told = f"{text!r} is not a number of seconds"
        raise _Fault("interval", told, code="not_a_number", text=text) from error
    if not (isfinite(interval_s) and interval_s > 0):
        raise _Fault("interval", f"{text} s is not above zero", code="not_above_zero", text=text)
    return interval_s


def _tasks(text: str, known: frozenset[str] | None) -> tuple[str, ...]:
    tasks = tuple(dict.fromkeys(task for task in _BETWEEN_TASKS.split(text) if task))
    unknown = [task for task in tasks if known is not None and task not in known]
    if unknown:
        names = ", ".join(sorted(known or ()))
        told = f"{unknown[0]!r} is unknown; known: {names}"
        raise _Fault("tasks", told, code="task_unknown", task=unknown[0], known=names)
    return tasks


def _differing(one: CameraRow, other: CameraRow) -> tuple[str, ...]:
    return tuple(f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name))


def _text(data: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError(f"{name}: neither UTF-8 nor GB 18030 text", code="table_encoding", name=name)


def _demand_columns(names: Iterable[str], name: str) -> None:
    found = list(names)
    missing = [column for column in _NEEDED if column not in found]
    unknown = [column for column in found if column not in COLUMNS]
    if missing or unknown:
        fault = f"no column {missing[0]!r}" if missing else f"unknown column {unknown[0]!r}"
        text = f"{name}: line 1: {fault}; the columns are {','.join(COLUMNS)}"
        if missing:
            raise ConfigError(text, code="table_column_missing", column=missing[0])
        raise ConfigError(text, code="table_column_unknown", column=unknown[0])


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)
