"""Unit and responsibility grids: whose ground a point stands on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shapely import STRtree, make_valid
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from detector.geometry.crs import WGS84, convert, normal_name
from detector.geometry.geojson import Feature, read_features, text_property
from detector.types import ConfigError, Position

_DIVISION: Final = re.compile(r"\d{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """One cell of a grid.

    A unit grid's code has 15 digits: 6 division, 3 street, 3 community, 3 serial. A
    responsibility grid has a code of the city's own.
    """

    code: str
    name: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def county_code(self) -> str:
        """The six digits of the division, for routing; empty where the code does not tell."""
        found = _DIVISION.match(self.code)
        return found.group() if found else ""


class GridIndex:
    """Finds the cell of a point. The smallest cell wins where several overlap."""

    def __init__(self, cells: Iterable[tuple[GridCell, BaseGeometry]], crs: str = WGS84) -> None:
        chosen = sorted(cells, key=lambda cell: cell[1].area)
        self._cells = [cell for cell, _ in chosen]
        self._crs = normal_name(crs)
        self._tree = STRtree([area for _, area in chosen])

    @classmethod
    def from_geojson(
        cls,
        data: bytes,
        name: str,
        *,
        code_property: str = "code",
        name_property: str = "name",
        crs: str = WGS84,
    ) -> GridIndex:
        """Cells from polygons and multipolygons. Raises ConfigError naming the feature that is
        wrong: no area, no code, or a code that another cell has too."""
        cells: list[tuple[GridCell, BaseGeometry]] = []
        known: dict[str, str] = {}
        for feature in read_features(data, name):
            area = _area(feature)
            code = text_property(feature, code_property)
            if not code:
                raise ConfigError(f"{feature.where}: has no {code_property!r}")
            if code in known:
                raise ConfigError(f"{feature.where}: code {code} is that of {known[code]}, too")
            known[code] = feature.where.rpartition(": ")[2]
            cell = GridCell(
                code=code,
                name=text_property(feature, name_property),
                properties=feature.properties,
            )
            cells.append((cell, area))
        return cls(cells, crs)

    def __len__(self) -> int:
        return len(self._cells)

    def find(self, position: Position) -> GridCell | None:
        """The cell that holds the point, its edge included; None: none does."""
        here = convert(position, self._crs)
        found = self._tree.query(Point(here.x, here.y), predicate="intersects")
        return self._cells[int(found.min())] if len(found) else None


def _area(feature: Feature) -> BaseGeometry:
    area = feature.geometry
    if area.geom_type not in ("Polygon", "MultiPolygon"):
        raise ConfigError(f"{feature.where}: is a {area.geom_type}, not a polygon")
    if not area.is_valid:  # a bow-tie from a hand-drawn map
        area = make_valid(area)
    if area.area <= 0:
        raise ConfigError(f"{feature.where}: has no area")
    return area
