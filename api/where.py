"""Grids: whose ground an incident stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from detector.geometry.grid import GridIndex
from detector.types import ConfigError, Place


class GridConfig(BaseModel):
    """A GeoJSON file of cells. The first grid that has a cell for a place names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    """Relative to the configuration file."""

    code_property: str = "code"
    name_property: str = "name"
    crs: str = "EPSG:4326"


def grid_finder(grids: Sequence[GridConfig]) -> Callable[[Place], str | None]:
    """Gives the grid code of a place; None where no position or no cell is known.

    Raises ConfigError naming the file.
    """
    indexes = [_index(grid) for grid in grids]

    def find(place: Place) -> str | None:
        if place.position is None:
            return None
        cells = (index.find(place.position) for index in indexes)
        return next((cell.code for cell in cells if cell is not None), None)

    return find


def _index(grid: GridConfig) -> GridIndex:
    try:
        data = grid.file.read_bytes()
    except OSError as error:
        raise ConfigError(f"grids: {grid.file}: cannot be read: {error.strerror}") from error
    return GridIndex.from_geojson(
        data,
        grid.file.name,
        code_property=grid.code_property,
        name_property=grid.name_property,
        crs=grid.crs,
    )
