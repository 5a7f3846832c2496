"""The lens that a picture was taken with, from the best that its telemetry tells."""

from __future__ import annotations

import math

from detector.flights.config import FlightConfig
from detector.flights.telemetry import Telemetry
from detector.geometry.camera_model import Lens

_DIAGONAL_35MM = 43.267
_SQUARE = 0.05  # by which focal lengths across and down may differ
_FOUR_THIRDS = 1.25  # diagonal to width; wider pictures are cut from such a sensor


def lens_of(
    told: Telemetry, width_px: int, height_px: int, config: FlightConfig
) -> tuple[Lens, str]:
    """The lens and a remark: DewarpData, else the calibrated focal length, else the field of
    view, else the 35 mm equivalent, else an assumption, each with its own uncertainty."""
    errors = config.errors
    if told.dewarp is not None:
        return _dewarped(told, told.dewarp, width_px, height_px, errors.focal_calibrated), ""
    if told.focal_px is not None:
        lens = Lens.simple(width_px, height_px, told.focal_px, errors.focal_calibrated)
        if told.centre_px is None:
            return lens, ""
        return _centred(lens, told.centre_px), ""
    if told.field_across_deg is not None or told.field_down_deg is not None:
        return _of_field(told, width_px, height_px, config)
    if told.focal_35mm is not None:
        focal_px = _from_35mm(told.focal_35mm, width_px, height_px)
        return Lens.simple(width_px, height_px, focal_px, errors.focal_35mm), (
            "focal length from its rounded 35 mm equivalent"
        )
    focal_px = _from_35mm(config.assumed_focal_35mm, width_px, height_px)
    return Lens.simple(width_px, height_px, focal_px, errors.focal_guessed), (
        f"no focal length; {config.assumed_focal_35mm:g} mm (35 mm equivalent) assumed"
    )


def _of_field(
    told: Telemetry, width_px: int, height_px: int, config: FlightConfig
) -> tuple[Lens, str]:
    """Of the field of view across; of that downwards where it alone is told. The pixels are taken
    as square: where both fields say otherwise, one of them is of another picture."""
    errors = config.errors
    across = _focal_px(told.field_across_deg, width_px)
    down = _focal_px(told.field_down_deg, height_px)
    focal_px = across or down or 0.0
    if across and down and abs(across / down - 1) > _SQUARE:
        return Lens.simple(width_px, height_px, focal_px, errors.focal_guessed), (
            f"fields of view of {told.field_across_deg:.1f}° by {told.field_down_deg:.1f}° do not "
            "fit the picture: the first one taken, larger error radius"
        )
    return Lens.simple(width_px, height_px, focal_px, errors.focal_35mm), (
        "focal length from the field of view told"
    )


def _focal_px(field_deg: float | None, size_px: int) -> float | None:
    return None if field_deg is None else size_px / 2 / math.tan(math.radians(field_deg / 2))


def _from_35mm(focal_mm: float, width_px: int, height_px: int) -> float:
    across = max(width_px, height_px)
    diagonal = max((width_px**2 + height_px**2) ** 0.5, across * _FOUR_THIRDS)
    if abs(across / min(width_px, height_px) - 1.5) < 0.02:  # a 3:2 sensor, uncut
        diagonal = (width_px**2 + height_px**2) ** 0.5
    return float(focal_mm * diagonal / _DIAGONAL_35MM)


def _dewarped(
    told: Telemetry, values: tuple[float, ...], width_px: int, height_px: int, error: float
) -> Lens:
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = values
    centred = abs(cx) < width_px / 4 and abs(cy) < height_px / 4
    bent = (0.0,) * 5 if told.dewarped else (k1, k2, p1, p2, k3)
    return Lens(
        width_px=width_px,
        height_px=height_px,
        fx_px=fx,
        fy_px=fy,
        cx_px=cx + width_px / 2 if centred else cx,
        cy_px=cy + height_px / 2 if centred else cy,
        distortion=(bent[0], bent[1], bent[2], bent[3], bent[4]),
        focal_error=error,
    )


def _centred(lens: Lens, centre_px: tuple[float, float]) -> Lens:
    """Takes the calibrated centre where it lies near the middle, as it must."""
    away = max(abs(centre_px[0] / lens.width_px - 0.5), abs(centre_px[1] / lens.height_px - 0.5))
    if away > 0.1:  # written for another picture size
        return lens
    return Lens(
        width_px=lens.width_px,
        height_px=lens.height_px,
        fx_px=lens.fx_px,
        fy_px=lens.fy_px,
        cx_px=centre_px[0],
        cy_px=centre_px[1],
        focal_error=lens.focal_error,
    )
