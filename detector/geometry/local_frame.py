"""A flat metric frame around one point of the earth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer


@lru_cache(maxsize=16)
def _transformer(lon_deg: float, lat_deg: float) -> Transformer:
    frame = f"+proj=aeqd +lat_0={lat_deg} +lon_0={lon_deg} +datum=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", frame, always_xy=True)


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """East and north in metres from an origin; true to a centimetre within several kilometres."""

    lon_deg: float
    lat_deg: float

    def to_local(self, lon_lat_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """East, north (N, 2) of longitude, latitude (N, 2)."""
        points = np.atleast_2d(np.asarray(lon_lat_deg, np.float64))
        moved = _transformer(self.lon_deg, self.lat_deg).transform(points[:, 0], points[:, 1])
        return np.column_stack(moved)

    def to_lon_lat(self, east_north_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Longitude, latitude (N, 2) of east, north (N, 2)."""
        points = np.atleast_2d(np.asarray(east_north_m, np.float64))
        moved = _transformer(self.lon_deg, self.lat_deg).transform(
            points[:, 0], points[:, 1], direction="INVERSE"
        )
        return np.column_stack(moved)
