"""Turns a folder of pictures into a flight: poses that agree, and the ground as tiles.

Each picture's work is a file of its own, so that a killed run goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.flights.adjustment import Adjustment, adjust
from detector.flights.config import FlightConfig
from detector.flights.errors import FlightError
from detector.flights.features import Features, find_features
from detector.flights.flight_folder import FlightFolder, read_flight
from detector.flights.flight_record import (
    FILE,
    FlightRecord,
    PictureRecord,
    ViewRecord,
    read_record,
    tiles_of,
    write_record,
)
from detector.flights.ground_window import GroundWindow, Image, rectify
from detector.flights.inspection import origin_of
from detector.flights.shot import Shot
from detector.flights.tying import tie_pictures
from detector.flights.view_quality import view_quality
from detector.geometry.camera_model import View
from detector.geometry.footprint import ground_footprint
from detector.geometry.local_frame import LocalFrame
from detector.types import PictureError

CELL_M = 0.12
REACH = 1.75  # heights from the camera within which ground is used: 30° at least
_FEATURE_CELL_M = 0.25
_MIN_SHARPNESS = 3.0
_MIN_SPREAD = 6.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    shot: Shot
    view: View
    features: Features


def ingest(
    source: Path, out: Path, config: FlightConfig, progress: Progress = lambda *_: None
) -> FlightRecord:
    """Reads the pictures of `source` and keeps the flight in `out`. A finished one is read back.

    Raises FlightError when no picture can be used.
    """
    if (out / FILE).exists():
        return read_record(out)
    folder = read_flight(source, config)
    frame = origin_of(folder)
    out.mkdir(parents=True, exist_ok=True)
    used, not_used = _usable(folder, frame, config, out, progress)
    if not used:
        raise FlightError(f"{source}: no picture can be used: {'; '.join(not_used[:3])}")
    fitted = _adjusted(used, config)
    _lay(used, fitted.views, out, progress)
    record = _record(folder, frame, used, fitted, config, not_used)
    write_record(out, record)
    return record


def unusable(image: Image) -> str | None:
    """Why a picture shows nothing: black, blank or without any sharp edge."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    if float(np.percentile(small, 90)) < 20:
        return "black picture (lens cap?)"
    if float(small.std()) < _MIN_SPREAD:
        return "blank picture"
    sharp = cv2.Laplacian(cv2.GaussianBlur(small, (3, 3), 0), cv2.CV_32F)
    return "blurred picture" if float(sharp.std()) < _MIN_SHARPNESS else None


def _usable(
    folder: FlightFolder,
    frame: LocalFrame,
    config: FlightConfig,
    out: Path,
    progress: Progress,
) -> tuple[list[_Used], list[str]]:
    used, not_used = [], list(folder.faults)
    for number, shot in enumerate(folder.shots, 1):
        found = _features(shot, frame, config, out / "features" / f"{number:05}.npz")
        if isinstance(found, str):
            not_used.append(f"{shot.name}: {found}")
        else:
            used.append(found)
        progress("features", number, len(folder.shots))
    return used, not_used


def _features(shot: Shot, frame: LocalFrame, config: FlightConfig, kept: Path) -> _Used | str:
    """The shot with its features, read back where an earlier run got so far; or why not."""
    view = shot.view(frame, config)
    outline = ground_footprint(view, reach=REACH) if view else None
    if view is None or outline is None:
        return "; ".join(shot.remarks) or "shows no ground"
    window = GroundWindow.around(outline, _FEATURE_CELL_M)
    if kept.exists():
        with np.load(kept) as saved:
            return _Used(
                shot=shot,
                view=view,
                features=Features(
                    ground_m=saved["ground_m"], looks=saved["looks"].astype(np.float32)
                ),
            )
    try:
        image = shot.read()
    except PictureError as error:
        return str(error)
    fault = unusable(image)
    if fault is not None:
        return fault
    features = find_features(*rectify(image, view, window), window, most=1200)
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, ground_m=features.ground_m, looks=features.looks.astype(np.float16))
    os.replace(part, kept)
    return _Used(shot=shot, view=view, features=features)


def _adjusted(used: Sequence[_Used], config: FlightConfig) -> Adjustment:
    views = [one.view for one in used]
    errors = [one.shot.pose_error(config) for one in used]
    reach_m = 4 * max(error.east_m for error in errors) + 4
    ties = tie_pictures(views, [one.features for one in used], reach_m)
    return adjust(views, errors, ties)


def _lay(used: Sequence[_Used], views: Sequence[View], out: Path, progress: Progress) -> None:
    """Best view of every cell. What an earlier run laid is laid again only where it was cut."""
    tiles, done = tiles_of(out, CELL_M), out / "laid.txt"
    laid = set(done.read_text().splitlines()) if done.exists() else set()
    for number, (one, view) in enumerate(zip(used, views, strict=True), 1):
        if one.shot.name not in laid:
            outline = ground_footprint(view, reach=REACH)
            if outline is not None:
                window = GroundWindow.around(outline, CELL_M)
                patch, shown = rectify(one.shot.read(), view, window)
                tiles.lay(window, patch, view_quality(view, window, shown))
                tiles.flush()
            with done.open("a") as file:
                file.write(one.shot.name + "\n")
        progress("ground", number, len(used))


def _record(
    folder: FlightFolder,
    frame: LocalFrame,
    used: Sequence[_Used],
    fitted: Adjustment,
    config: FlightConfig,
    not_used: list[str],
) -> FlightRecord:
    sigmas = [one.shot.pose_error(config).east_m for one in used]
    pictures = tuple(
        PictureRecord(
            name=one.shot.name,
            captured_at=one.shot.captured_at,
            view=ViewRecord.of(view),
            position_sigma_m=sigma,
            tied_to=fitted.ties[i],
            remarks=one.shot.remarks,
        )
        for i, (one, view, sigma) in enumerate(zip(used, fitted.views, sigmas, strict=True))
    )
    return FlightRecord(
        name=folder.path.resolve().name,
        source=str(folder.path.resolve()),
        lon_deg=frame.lon_deg,
        lat_deg=frame.lat_deg,
        cell_m=CELL_M,
        dated_at=pictures[len(pictures) // 2].captured_at,
        pictures=pictures,
        adjustment_error_m=fitted.error_m,
        position_sigma_m=float(np.median(sigmas)),
        not_used=tuple(not_used),
    )
