"""The items of MISB ST 0601 that tell of a camera's pose, and what their numbers mean.

Ranges, widths and special values are those of ST 0601.14, section 8: whole numbers are spread
evenly over a range, and the signed ones leave their lowest number free as "out of range".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Tag(IntEnum):
    TIME_STAMP = 2  # microseconds
    HEADING = 5  # degrees, as all angles
    PITCH = 6
    ROLL = 7
    LATITUDE = 13
    LONGITUDE = 14
    ALTITUDE = 15  # metres above mean sea level
    FIELD_ACROSS = 16
    FIELD_DOWN = 17
    SENSOR_AZIMUTH = 18  # against the platform, as are the next two
    SENSOR_ELEVATION = 19
    SENSOR_ROLL = 20
    SLANT_RANGE = 21  # metres to the frame's centre
    GROUND = 25  # metres above mean sea level, at the frame's centre
    ELLIPSOID_ALTITUDE = 75
    ELLIPSOID_GROUND = 78
    PITCH_FULL = 90
    ROLL_FULL = 91


@dataclass(frozen=True, slots=True)
class _Scale:
    size: int  # bytes
    low: float
    high: float

    @property
    def signed(self) -> bool:
        return self.low == -self.high

    def value(self, raw: bytes) -> float | None:
        number = int.from_bytes(raw, "big", signed=self.signed)
        if not self.signed:
            steps: int = 2 ** (8 * self.size) - 1
            return self.low + number * (self.high - self.low) / steps
        most: int = 2 ** (8 * self.size - 1) - 1
        return None if number < -most else number * self.high / most


_ALTITUDES = _Scale(2, -900, 19000)
_SCALES = {
    Tag.HEADING: _Scale(2, 0, 360),
    Tag.PITCH: _Scale(2, -20, 20),
    Tag.ROLL: _Scale(2, -50, 50),
    Tag.LATITUDE: _Scale(4, -90, 90),
    Tag.LONGITUDE: _Scale(4, -180, 180),
    Tag.ALTITUDE: _ALTITUDES,
    Tag.FIELD_ACROSS: _Scale(2, 0, 180),
    Tag.FIELD_DOWN: _Scale(2, 0, 180),
    Tag.SENSOR_AZIMUTH: _Scale(4, 0, 360),
    Tag.SENSOR_ELEVATION: _Scale(4, -180, 180),
    Tag.SENSOR_ROLL: _Scale(4, 0, 360),
    Tag.SLANT_RANGE: _Scale(4, 0, 5_000_000),
    Tag.GROUND: _ALTITUDES,
    Tag.ELLIPSOID_ALTITUDE: _ALTITUDES,
    Tag.ELLIPSOID_GROUND: _ALTITUDES,
    Tag.PITCH_FULL: _Scale(4, -90, 90),
    Tag.ROLL_FULL: _Scale(4, -90, 90),
}


def item_values(items: dict[int, bytes]) -> tuple[dict[Tag, float | None], list[str]]:
    """The known items' values, and remarks on those whose width is wrong; such are left out.

    None: the aircraft says that it does not know (out of range, or nothing in the item).
    """
    values: dict[Tag, float | None] = {}
    remarks = []
    for tag, raw in items.items():
        if tag not in _SCALES and tag != Tag.TIME_STAMP:
            continue
        known = Tag(tag)
        size = 8 if known is Tag.TIME_STAMP else _SCALES[known].size
        if not raw:
            values[known] = None
        elif len(raw) != size:
            remarks.append(f"tag {tag} has {len(raw)} bytes instead of {size}: left out")
        elif known is Tag.TIME_STAMP:
            values[known] = int.from_bytes(raw, "big")
        else:
            values[known] = _SCALES[known].value(raw)
    return values, remarks
