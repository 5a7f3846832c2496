"""The city's table of cameras, beside those that stand in the configuration file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from detector.pipeline.camera_config import CameraConfig, PositionConfig
from detector.sources.camera_table import CameraRow, read_table, source_of
from detector.types import ConfigError

TASKS = frozenset({"vendor", "cover"})
TABLE = "cameras.csv"


def table_path(data_folder: Path) -> Path:
    return data_folder / TABLE


def read_rows(path: Path) -> tuple[CameraRow, ...]:
    """Rows of the city's own table; none where there is no such file. Raises ConfigError naming
    the lines that are wrong."""
    if not path.exists():
        return ()
    table = read_table(path.read_bytes(), path.name, TASKS)
    if table.faults:
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in table.faults))
    return table.rows


def cameras_of(rows: Sequence[CameraRow]) -> tuple[CameraConfig, ...]:
    """Raises ConfigError naming the camera."""
    return tuple(_camera(row) for row in rows)


def _camera(row: CameraRow) -> CameraConfig:
    position = row.position
    try:
        return CameraConfig(
            source=source_of(row),
            tasks=row.tasks or ("vendor", "cover"),
            position=position
            and PositionConfig(
                x=position.x,
                y=position.y,
                crs=position.crs,
                error_radius_m=position.error_radius_m,
            ),
        )
    except ValueError as error:
        raise ConfigError(f"camera {row.id}: {error}", code="camera_settings", id=row.id) from error
