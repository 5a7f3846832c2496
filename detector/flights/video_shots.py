"""Pictures taken out of a flight's video, with the telemetry of their moment."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from detector.flights.config import FlightConfig
from detector.flights.errors import FlightError
from detector.flights.shot import Shot, make_shot
from detector.flights.telemetry import Telemetry
from detector.geometry.attitude import Attitude
from detector.types import PictureError

_BLENDED = (
    "lon_deg",
    "lat_deg",
    "height_above_takeoff_m",
    "altitude_m",
)
_ANGLES = ("gimbal_yaw_deg", "gimbal_pitch_deg", "gimbal_roll_deg")
_TOLERATED_S = 2.0  # a moment further away than this is another moment
_SAME_S = 1e-3
_BACK_S = (0.0, 2.0, 10.0, None)  # where a frame is sought: key frames lie this much before it


def video_shots(
    path: Path, moments: list[tuple[float, Telemetry]], config: FlightConfig
) -> list[Shot]:
    """A shot every `video_interval_s` of the video where telemetry stands beside it.

    Raises FlightError naming the video when it cannot be read or no moment can be used.
    """
    if not moments:
        raise FlightError(f"{path.name}: its telemetry has no times of the video")
    size, duration_s = _probe(path)
    step_s = config.video_interval_s
    shots = []
    for index in range(math.ceil(duration_s / step_s)):
        told = telemetry_at(moments, index * step_s)
        if told is None:
            continue
        started_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        at = told.captured_at or started_at + timedelta(seconds=index * step_s)
        shots.append(
            make_shot(
                name=f"{path.name}@{index * step_s:.1f}s",
                captured_at=at,
                clock="telemetry" if told.captured_at else "file",
                telemetry=told,
                size_px=size,
                config=config,
                read=partial(read_frame, path, index * step_s),
            )
        )
    if not shots:
        raise FlightError(f"{path.name}: no moment of its telemetry falls within the video")
    return shots


def telemetry_at(moments: list[tuple[float, Telemetry]], at_s: float) -> Telemetry | None:
    """The telemetry at a time of the video, position, height and gimbal drawn between its
    neighbours."""
    times = [t for t, _ in moments]
    after = bisect_right(times, at_s)
    before = max(after - 1, 0)
    if min(abs(at_s - times[i]) for i in {before, min(after, len(times) - 1)}) > _TOLERATED_S:
        return None
    if after >= len(moments) or after == 0:
        return moments[before][1]
    (t0, first), (t1, second) = moments[before], moments[after]
    share = (at_s - t0) / (t1 - t0) if t1 > t0 else 0.0
    blended: dict[str, Any] = {name: _between(first, second, name, share) for name in _BLENDED}
    assumed = tuple(dict.fromkeys((*first.assumed, *second.assumed)))
    blended |= _angles(first, second, share)
    return replace(first, **blended, assumed=assumed)


def _angles(first: Telemetry, second: Telemetry, share: float) -> dict[str, float | None]:
    """Turned as a whole where both are known: near straight down each angle alone may jump."""
    one, other = _attitude(first), _attitude(second)
    if one is None or other is None:
        return {name: _between(first, second, name, share) for name in _ANGLES[1:]}
    turned = one.towards(other, share)
    return dict(zip(_ANGLES, (turned.yaw_deg, turned.pitch_deg, turned.roll_deg), strict=True))


def _attitude(told: Telemetry) -> Attitude | None:
    yaw_deg, pitch_deg, roll_deg = (getattr(told, name) for name in _ANGLES)
    if yaw_deg is None or pitch_deg is None or roll_deg is None:
        return None
    return Attitude(yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg)


def _between(first: Telemetry, second: Telemetry, name: str, share: float) -> float | None:
    one, other = getattr(first, name), getattr(second, name)
    return None if one is None or other is None else one + (other - one) * share


def _probe(path: Path) -> tuple[tuple[int, int], float]:
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            timed = stream.duration and stream.time_base
            seconds = float(stream.duration * stream.time_base) if timed else 0.0  # type: ignore[operator]
            if not seconds and container.duration:
                seconds = container.duration / av.time_base
            return (stream.codec_context.width, stream.codec_context.height), seconds
    except (av.FFmpegError, IndexError, OSError) as error:
        raise FlightError(f"{path.name}: cannot be read as a video") from error


def read_frame(path: Path, at_s: float) -> NDArray[np.uint8]:
    """The first frame at or after a time. Raises PictureError naming the video."""
    try:
        for back_s in _BACK_S:
            frame = _frame_at(path, at_s, back_s)
            if frame is not None:
                return np.ascontiguousarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except (av.FFmpegError, OSError) as error:
        raise PictureError(f"{path.name}: cannot be decoded at {at_s:.1f} s") from error
    raise PictureError(f"{path.name}: no frame at {at_s:.1f} s")


def _frame_at(path: Path, at_s: float, back_s: float | None) -> av.VideoFrame | None:
    """The first frame at or after a time, sought `back_s` before it (None: from the beginning).

    None where that is not certain: a transport stream has no index, and a search in it may end
    behind the wanted picture. Raises PictureError where the video ends before the time.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start, unit = stream.start_time or 0, float(stream.time_base or 1)
        if back_s is not None and not _sought(container, stream, start + (at_s - back_s) / unit):
            return None
        certain = back_s is None
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            seen_s = (frame.pts - start) * unit
            if seen_s >= at_s - _SAME_S:
                return frame if certain or seen_s <= at_s + _SAME_S else None
            certain = True
    if certain:
        raise PictureError(f"{path.name}: no frame at {at_s:.1f} s")
    return None


def _sought(container: InputContainer, stream: av.VideoStream, timestamp: float) -> bool:
    """Whether the container could go there; FFmpeg refuses what lies near a stream's ends."""
    try:
        container.seek(int(timestamp), stream=stream)
    except av.FFmpegError:
        return False
    return True
