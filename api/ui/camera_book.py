"""The city's own table of cameras, as pages change it; those of the configuration file stay there.

It is the file that `xunjie cameras import` writes, too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from api.auth.source_networks import SourceNetworks, SourceRefusedError, check_source_url
from api.camera_list import TASKS, read_rows, table_path
from api.config import CityConfig
from detector.incidents import ConflictError, NotFoundError
from detector.sources.camera_table import (
    COLUMNS,
    CameraRow,
    CameraTable,
    RowFault,
    TableDiff,
    compare,
    read_table,
    write_table,
)
from detector.types import ConfigError

MOST_CAMERAS = 20_000
_PREFIXES = ("gateway+", "snapshot+", "stream+")


class CameraFaultError(SourceRefusedError):
    """A camera's settings that cannot be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What taking a table would do. `rows` are those that can be taken."""

    rows: tuple[CameraRow, ...]
    faults: tuple[RowFault, ...]
    diff: TableDiff  # its `removed` is not done: cameras that a table does not name stay


class CameraBook:
    """Reads, checks and writes the table, one writer at a time."""

    def __init__(self, config: Callable[[], CityConfig]) -> None:
        self._config = config
        self.lock = threading.Lock()

    def rows(self) -> dict[str, CameraRow]:
        return {row.id: row for row in read_rows(table_path(self._config().data_folder))}

    def look_at(self, data: bytes, name: str) -> Looked:
        """Checks a whole table. Raises CameraFaultError for a file that is none."""
        try:
            table = read_table(data, name, TASKS)
        except ConfigError as error:
            raise CameraFaultError.like(error) from error
        before = self.rows()
        if len(before.keys() | {row.id for row in table.rows}) > MOST_CAMERAS:
            raise CameraFaultError(
                f"more than {MOST_CAMERAS} cameras", code="too_many_cameras", most=MOST_CAMERAS
            )
        faults = [*table.faults, *self._faults(table, before)]
        bad = {fault.line for fault in faults}
        good = tuple(row for row in table.rows if table.lines[row.id] not in bad)
        faults.sort(key=lambda fault: fault.line)
        return Looked(rows=good, faults=tuple(faults), diff=compare(before.values(), good))

    def row_of(self, cells: Mapping[str, str], kept_url: str) -> CameraRow:
        """One camera from the table's columns as text; an empty url keeps the one it has.
        Raises CameraFaultError naming the column."""
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerow({**cells, "url": cells["url"] or kept_url})
        table = read_table(out.getvalue().encode(), "camera", TASKS)
        if table.faults:
            fault = table.faults[0]
            raise CameraFaultError(
                f"{fault.column}: {fault.message}",
                code="setting",
                field=fault.column,
                why=fault.error,
            )
        (row,) = table.rows
        if row.url != kept_url:
            _check_address(row.url, self._config().source_networks)
        return row

    def demand(self, camera_id: str) -> CameraRow:
        """Raises NotFoundError, or ConflictError for a camera of the configuration file."""
        row = self.rows().get(camera_id)
        if row is None:
            if camera_id in self._in_file(()):
                raise ConflictError(
                    f"{camera_id} stands in the configuration file; change it there",
                    code="camera_of_the_file",
                    id=camera_id,
                )
            raise NotFoundError(
                f"no camera has the id {camera_id[:128]}", code="no_source", id=camera_id[:128]
            )
        return row

    def demand_free(self, camera_id: str) -> None:
        """Raises ConflictError where the id is in use."""
        if camera_id in {camera.id for camera in self._config().cameras} | self.rows().keys():
            raise ConflictError(
                f"a camera {camera_id} exists already", code="camera_exists", id=camera_id
            )

    def write(self, rows: Iterable[CameraRow], without: str = "") -> None:
        """Adds and changes rows, and leaves one out; never half a table."""
        after = self.rows() | {row.id: row for row in rows}
        after.pop(without, None)
        path = table_path(self._config().data_folder)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(write_table(after.values()))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _in_file(self, table: Iterable[str]) -> set[str]:
        return {camera.id for camera in self._config().cameras} - set(table)

    def _faults(self, table: CameraTable, before: Mapping[str, CameraRow]) -> list[RowFault]:
        fixed = self._in_file(before)
        known: dict[str, SourceRefusedError | None] = {}
        found = []
        for row in table.rows:
            fault = _fault(row, before.get(row.id), fixed, known, self._config().source_networks)
            if fault is not None:
                found.append(replace(fault, line=table.lines[row.id]))
        return found


def version_of(row: CameraRow) -> str:
    """Changes when the row does: nobody's change is overwritten unseen."""
    return hashlib.sha256(repr(row).encode()).hexdigest()[:16]


def _fault(
    row: CameraRow,
    before: CameraRow | None,
    fixed: set[str],
    known: dict[str, SourceRefusedError | None],
    networks: SourceNetworks,
) -> RowFault | None:
    if row.id in fixed:
        error = ConfigError(
            f"{row.id} stands in the configuration file", code="camera_of_the_file", id=row.id
        )
        return RowFault(line=0, column="id", error=error)
    if before is not None and before.url == row.url:
        return None
    if row.url not in known:
        known[row.url] = _refusal(row.url, networks)
    refusal = known[row.url]
    return RowFault(line=0, column="url", error=refusal) if refusal else None


def _refusal(url: str, networks: SourceNetworks) -> SourceRefusedError | None:
    try:
        _check_address(url, networks)
    except SourceRefusedError as error:
        return error
    return None


def _check_address(url: str, networks: SourceNetworks) -> None:
    if url == "push:":
        return
    for prefix in _PREFIXES:
        url = url.removeprefix(prefix)
    check_source_url(url, networks)
