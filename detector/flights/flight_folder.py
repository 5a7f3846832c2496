"""A folder of photographs, or of videos with telemetry, as a flight's pictures in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detector.flights.config import FlightConfig
from detector.flights.dji_srt import read_srt
from detector.flights.dji_xmp import read_photo_telemetry
from detector.flights.errors import FlightError, TelemetryError
from detector.flights.klv_telemetry import read_klv
from detector.flights.shot import Shot, make_shot
from detector.flights.telemetry import Telemetry
from detector.flights.telemetry_csv import CsvRow, read_telemetry_csv
from detector.flights.video_shots import video_shots
from detector.sources.picture import decode_picture, picture_size
from detector.types import PictureError

_PHOTOS = frozenset({".jpg", ".jpeg"})
_VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg"})
_MAX_BYTES = 64 * 2**20
_MAX_PIXELS = 120_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightFolder:
    """The shots in order of their time, and what could not be used, each with its reason."""

    path: Path
    shots: tuple[Shot, ...]
    faults: tuple[str, ...]


def read_flight(path: Path, config: FlightConfig) -> FlightFolder:
    """Reads headers and telemetry only; pictures are decoded when a shot's `read` is called.

    A file that cannot be used is named in `faults` and stops nothing else.
    Raises FlightError when the folder has no picture and no video.
    """
    if not path.is_dir():
        raise FlightError(f"{path}: not a folder")
    zone: tzinfo = UTC if config.time_zone == "UTC" else ZoneInfo(config.time_zone)
    files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    photos = [p for p in files if p.suffix.lower() in _PHOTOS]
    videos = [p for p in files if p.suffix.lower() in _VIDEOS]
    if not photos and not videos:
        raise FlightError(f"{path}: no photographs (JPEG) and no videos in it")
    faults: list[str] = []
    named = _named_rows(files, config, zone, faults)
    shots = list(_photo_shots(path, photos, named, config, zone, faults))
    for video in videos:
        try:
            shots += video_shots(video, _moments(video, files, config, zone, faults), config)
        except (TelemetryError, FlightError) as error:
            faults.append(str(error))
    shots.sort(key=lambda shot: (shot.captured_at, shot.name))
    return FlightFolder(path=path, shots=tuple(shots), faults=tuple(faults))


def _named_rows(
    files: list[Path], config: FlightConfig, zone: tzinfo, faults: list[str]
) -> dict[str, CsvRow]:
    """Telemetry tables that name pictures."""
    found: dict[str, CsvRow] = {}
    for path in files:
        if path.suffix.lower() != ".csv":
            continue
        try:
            rows = read_telemetry_csv(path, config.bounds, zone)
        except TelemetryError as error:
            faults.append(str(error))
            continue
        found.update({row.file: row for row in rows if row.file})
    return found


def _photo_shots(
    folder: Path,
    photos: list[Path],
    named: dict[str, CsvRow],
    config: FlightConfig,
    zone: tzinfo,
    faults: list[str],
) -> Iterator[Shot]:
    for path in photos:
        try:
            yield _photo_shot(folder, path, named.get(path.name), config, zone)
        except PictureError as error:
            faults.append(str(error))
        except OSError as error:
            faults.append(f"{path.name}: {error.strerror}")


def _photo_shot(
    folder: Path, path: Path, row: CsvRow | None, config: FlightConfig, zone: tzinfo
) -> Shot:
    head = _head(path)
    told = read_photo_telemetry(head, config.bounds, zone)
    if row is not None:
        told = _filled(told, row.telemetry)
    size = picture_size(head)
    if size is None:
        raise PictureError(f"{path.name}: not a readable JPEG")
    at = told.captured_at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return make_shot(
        name=str(path.relative_to(folder)),
        captured_at=at,
        clock="exif" if told.captured_at else "file",
        telemetry=told,
        size_px=size,
        config=config,
        read=partial(_decoded, path),
    )


def _head(path: Path) -> bytes:
    """The file up to its picture data: everything that tells of the taking stands there."""
    with path.open("rb") as file:
        return file.read(1 << 20)


def _decoded(path: Path) -> NDArray[np.uint8]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path.name}: {error.strerror}") from error
    return decode_picture(data, path.name, _MAX_BYTES, _MAX_PIXELS)


def _filled(told: Telemetry, table: Telemetry) -> Telemetry:
    """The table's values where it has them, the picture's elsewhere."""
    better = {
        name: getattr(table, name)
        for name in Telemetry.__slots__
        if name != "remarks" and getattr(table, name) not in (None, "", False)
    }
    remarks = tuple(r for r in told.remarks if r != "no position") + table.remarks
    return replace(told, **better, remarks=remarks)


def _moments(
    video: Path, files: list[Path], config: FlightConfig, zone: tzinfo, faults: list[str]
) -> list[tuple[float, Telemetry]]:
    """Telemetry by seconds of the video, from the file of the same name beside it, else from the
    video's own KLV stream."""
    for path in files:
        if path.stem != video.stem or path.parent != video.parent:
            continue
        if path.suffix.lower() == ".srt":
            track = read_srt(path, config.bounds, zone)
            faults += [f"{path.name}: {remark}" for remark in track.remarks]
            timed = [(m.video_s, m.telemetry) for m in track.moments]
            return [(at, told) for at, told in timed if at is not None]
        if path.suffix.lower() == ".csv":
            rows = read_telemetry_csv(path, config.bounds, zone)
            timed = [(row.video_s, row.telemetry) for row in rows]
            return [(at, told) for at, told in timed if at is not None]
    own = read_klv(video, config.bounds)
    if own is None:
        raise FlightError(
            f"{video.name}: no telemetry beside it ({video.stem}.SRT or .csv) and no KLV in it"
        )
    faults += [f"{video.name}: {remark}" for remark in own.remarks]
    return [(moment.video_s, moment.telemetry) for moment in own.moments]
