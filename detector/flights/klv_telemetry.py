"""Poses out of a video's own KLV stream (MISB ST 0601): no file beside it is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detector.flights.city_bounds import CityBounds, checked
from detector.flights.errors import FlightError
from detector.flights.klv_item import Tag, item_values
from detector.flights.klv_packet import UNIVERSAL_KEY, KlvError, read_packet
from detector.flights.klv_stream import KlvPiece, klv_pieces
from detector.flights.telemetry import Telemetry
from detector.geometry.attitude import Attitude

# Sets may leave out what comes again later. What moves with the aircraft soon tells of another
# place; fields of view and the ground's height hold until they are told anew.
_HELD_S = 2.0
_STEADY = frozenset({Tag.FIELD_ACROSS, Tag.FIELD_DOWN, Tag.GROUND, Tag.ELLIPSOID_GROUND})
_FIELDS_DEG = (0.1, 170.0)  # a field of view outside this is a place-holder
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KlvMoment:
    """Telemetry at a time of the video; `packet` is the number of its KLV packet."""

    packet: int
    video_s: float
    telemetry: Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class KlvTrack:
    """What a KLV stream told, and the remarks on it, each with its packet."""

    moments: tuple[KlvMoment, ...]
    remarks: tuple[str, ...]


def read_klv(path: Path, bounds: CityBounds | None = None) -> KlvTrack | None:
    """Reads a video's ST 0601 packets; broken ones are named and left out. None: it has none.

    Raises FlightError naming video, packet and reason when no packet gives a position, or when
    the video cannot be read.
    """
    pieces = klv_pieces(path)
    if not pieces:
        return None
    track = _Track(bounds)
    for piece in pieces:
        track.take(piece)
    if not track.moments:
        number, reason = track.faults[0] if track.faults else (pieces[0].number, "no position")
        raise FlightError(
            f"{path.name}: KLV packet {number}: {reason}; none of the {len(pieces)} packets gives "
            f"a position; {path.stem}.SRT or .csv beside the video would be read instead"
        )
    track.moments.sort(key=lambda moment: moment.video_s)
    return KlvTrack(moments=tuple(track.moments), remarks=tuple(track.remarks(len(pieces))))


class _Track:
    """Gathers moments, packet by packet, and what was wrong."""

    def __init__(self, bounds: CityBounds | None) -> None:
        self.moments: list[KlvMoment] = []
        self.faults: list[tuple[int, str]] = []
        self._refused = 0
        self._bounds = bounds
        self._held = _Held()
        self._seen: set[str] = set()

    def take(self, piece: KlvPiece) -> None:
        try:
            if not piece.data.startswith(UNIVERSAL_KEY):
                raise KlvError("it does not begin with the key of ST 0601")
            packet = read_packet(piece.data)
        except KlvError as error:
            self._refused += 1
            self.faults.append((piece.number, f"{error}; not used"))
            return
        values, odd = item_values(packet.items)
        self._held.update(values, piece.video_s)
        for text in [*odd, *([] if packet.checked else ["no checksum: taken unchecked"])]:
            self._once(piece.number, text)
        told = _telemetry(values, self._held.at(piece.video_s), self._bounds)
        for text in told.remarks:
            self._once(piece.number, text)
        if told.has_position:
            self.moments.append(
                KlvMoment(packet=piece.number, video_s=piece.video_s, telemetry=told)
            )

    def remarks(self, packets: int) -> list[str]:
        found = [f"KLV packet {number}: {reason}" for number, reason in self.faults[:_MOST_FAULTS]]
        if len(self.faults) > _MOST_FAULTS:
            found.append(f"and {len(self.faults) - _MOST_FAULTS} more KLV packets")
        if self._refused:
            found.append(f"{packets - self._refused} of {packets} KLV packets could be used")
        return found

    def _once(self, number: int, text: str) -> None:
        if text not in self._seen:
            self._seen.add(text)
            self.faults.append((number, text))


class _Held:
    """The newest value of every tag, and when it was told."""

    def __init__(self) -> None:
        self._values: dict[Tag, tuple[float, float | None]] = {}

    def update(self, values: dict[Tag, float | None], at_s: float) -> None:
        self._values.update({tag: (at_s, value) for tag, value in values.items()})

    def at(self, at_s: float) -> dict[Tag, float]:
        """What is known and not outdated."""
        return {
            tag: value
            for tag, (told_s, value) in self._values.items()
            if value is not None and (tag in _STEADY or at_s - told_s <= _HELD_S)
        }


def _telemetry(
    fresh: dict[Tag, float | None], known: dict[Tag, float], bounds: CityBounds | None
) -> Telemetry:
    """The position is taken from the packet itself: a held one was another place."""
    at = _time(fresh.get(Tag.TIME_STAMP))
    told = Telemetry(captured_at=at, **_angles(known), **_fields(known))
    told = _with_heights(told, known)
    if Tag.LATITUDE not in fresh or Tag.LONGITUDE not in fresh:
        return told
    lat_deg, lon_deg = fresh[Tag.LATITUDE], fresh[Tag.LONGITUDE]
    if lat_deg is None or lon_deg is None:
        return replace(told, remarks=("the aircraft says that it does not know its position",))
    if lat_deg == lon_deg == 0:
        return replace(told, remarks=("position 0, 0: the receiver had no fix",))
    lon_deg, lat_deg, remark = checked(lon_deg, lat_deg, bounds)
    return replace(told, lon_deg=lon_deg, lat_deg=lat_deg, remarks=(remark,) if remark else ())


def _angles(known: dict[Tag, float]) -> dict[str, Any]:
    """The camera's attitude: the platform's carrying the sensor's. DJI's convention.

    A missing part is taken as nought and named in `assumed`; without the sensor's elevation, or
    its azimuth on a platform that may be tilted, nothing can be said.
    """
    heading_deg = known.get(Tag.HEADING)
    found: dict[str, Any] = {
        "flight_yaw_deg": None if heading_deg is None else (heading_deg + 180) % 360 - 180
    }
    azimuth_deg, elevation_deg = known.get(Tag.SENSOR_AZIMUTH), known.get(Tag.SENSOR_ELEVATION)
    if elevation_deg is None:
        return found
    pitch_deg = known.get(Tag.PITCH_FULL, known.get(Tag.PITCH))
    roll_deg = known.get(Tag.ROLL_FULL, known.get(Tag.ROLL))
    sensor_roll_deg = known.get(Tag.SENSOR_ROLL)
    tilted = pitch_deg is not None and roll_deg is not None and azimuth_deg is not None
    platform = Attitude(
        yaw_deg=heading_deg or 0.0,
        pitch_deg=(pitch_deg or 0.0) if tilted else 0.0,
        roll_deg=(roll_deg or 0.0) if tilted else 0.0,
    )
    camera = platform.carrying(
        Attitude(
            yaw_deg=azimuth_deg or 0.0, pitch_deg=elevation_deg, roll_deg=sensor_roll_deg or 0.0
        )
    )
    direct = heading_deg is not None and azimuth_deg is not None
    assumed = () if tilted else ("pitch", "roll")
    return found | {
        "gimbal_yaw_deg": camera.yaw_deg if direct else None,
        "gimbal_pitch_deg": camera.pitch_deg,
        "gimbal_roll_deg": camera.roll_deg,
        "assumed": assumed if sensor_roll_deg is not None or assumed else ("roll",),
    }


def _fields(known: dict[Tag, float]) -> dict[str, Any]:
    low, high = _FIELDS_DEG
    names = {"field_across_deg": Tag.FIELD_ACROSS, "field_down_deg": Tag.FIELD_DOWN}
    return {name: known[tag] for name, tag in names.items() if low <= known.get(tag, 0.0) <= high}


def _with_heights(told: Telemetry, known: dict[Tag, float]) -> Telemetry:
    """The absolute altitude, and the height over the ground at the frame's centre if told.

    The standard has no height above take-off.
    """
    sea_m, ellipsoid_m = known.get(Tag.ALTITUDE), known.get(Tag.ELLIPSOID_ALTITUDE)
    told = replace(told, altitude_m=ellipsoid_m if sea_m is None else sea_m)
    ground_m, ellipsoid_ground_m = known.get(Tag.GROUND), known.get(Tag.ELLIPSOID_GROUND)
    height_m = None
    if sea_m is not None and ground_m is not None:
        height_m = sea_m - ground_m
    elif ellipsoid_m is not None and ellipsoid_ground_m is not None:
        height_m = ellipsoid_m - ellipsoid_ground_m
    elif Tag.SLANT_RANGE in known and told.gimbal_pitch_deg is not None:
        height_m = known[Tag.SLANT_RANGE] * math.sin(math.radians(-told.gimbal_pitch_deg))
    if height_m is None or height_m <= 1:
        return told
    return replace(told, height_above_takeoff_m=height_m, assumed=(*told.assumed, "height"))


def _time(stamp_us: float | None) -> datetime | None:
    """None for a clock that was never set."""
    if not stamp_us:
        return None
    try:
        at = datetime.fromtimestamp(stamp_us / 1e6, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return at if at.year >= 2000 else None
