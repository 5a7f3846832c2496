"""Turns merged changes and the ledger's rows into findings, one a structure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from detector.flights.buildings import Buildings
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.finding import BestView, FlightFinding, FlightVerdict
from detector.flights.flight_record import FlightRecord
from detector.flights.ledger import Ledger, LedgerRow, LedgerVerdict
from detector.flights.merging import Merged
from detector.flights.sighting import PictureResult, Ring, Sighting
from detector.types import Position

_SAME = 0.3
_SHARE_95 = 2.4477


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictContext:
    """What the verdicts depend on. `results` by picture; `seen` in metres."""

    baseline: FlightRecord
    current_at: datetime
    results: Mapping[str, PictureResult]
    buildings: Buildings | None
    ledger: Ledger
    seen: BaseGeometry
    config: ComparisonConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    row: LedgerRow
    outline: Polygon  # metres


def conclude(merged: Sequence[Merged], context: VerdictContext) -> Iterator[FlightFinding]:
    """Changes first, then what the ledger knows and nothing changed, or what was not seen."""
    known = [_placed(row, context) for row in context.ledger.rows if row.standing]
    touched: set[str] = set()
    for number, one in enumerate(merged, 1):
        match = _match(one.outline, known)
        if match is not None:
            touched.add(match.row.id)
        yield _changed(f"{number:04}", one, match, context)
    for entry in known:
        if entry.row.id not in touched:
            yield _still(entry, context)


def _placed(row: LedgerRow, context: VerdictContext) -> _Known:
    """A row's outline in metres; a point becomes a disc of its area."""
    frame, drawn = context.baseline.frame, row.outline
    if isinstance(drawn, Polygon):
        return _Known(row=row, outline=Polygon(frame.to_local(np.array(drawn.exterior.coords))))
    middle = drawn.centroid
    spot = frame.to_local(np.array([[middle.x, middle.y]]))[0]
    radius = max(row.error_radius_m, math.sqrt((row.area_m2 or 0) / math.pi))
    return _Known(row=row, outline=Point(spot).buffer(radius))


def _match(outline: Polygon, known: Sequence[_Known]) -> _Known | None:
    shares = [
        (outline.intersection(k.outline).area / min(outline.area, k.outline.area), i)
        for i, k in enumerate(known)
        if outline.intersects(k.outline)
    ]
    best = max(shares, default=(0.0, -1))
    return known[best[1]] if best[0] >= _SAME else None


def _changed(
    name: str, one: Merged, match: _Known | None, context: VerdictContext
) -> FlightFinding:
    verdict = _verdict(one, match, context.config)
    day = context.current_at.date()
    ledger = match.row.verdict(day) if match else LedgerVerdict.NONE
    building = context.buildings.under(one.outline)[0] if context.buildings else ""
    error_m = _registration_m(one.sightings, context)
    return FlightFinding(
        id=f"{context.current_at:%Y%m%d}-{name}",
        verdict=verdict,
        ledger=ledger,
        ledger_id=match.row.id if match else "",
        class_name=one.class_name,
        score=max(one.came, one.went),
        area_m2=one.area_m2,
        area_error_m2=one.area_error_m2,
        position=_position(one.outline, _radius_m(one, error_m, context), context),
        ring=_lon_lat(one.outline, context),
        building_id=building,
        baseline_at=context.baseline.dated_at,
        current_at=context.current_at,
        registration_error_m=error_m,
        seen_in=len(one.sightings),
        shown_in=one.shown_in,
        views=_views(one, context),
        reason=_reason(verdict, one, ledger, context)
        + f"; laid onto it within {error_m:.2f} m; building {building or 'not known'}",
    )


def _verdict(one: Merged, match: _Known | None, config: ComparisonConfig) -> FlightVerdict:
    if not one.new:
        return FlightVerdict.REMOVED
    if match is None:
        return FlightVerdict.NEW
    common = one.outline.intersection(match.outline).area
    inside = common / one.outline.area
    # Much of it beside the known structure: that one grew. All of it on it: rebuilt there.
    return FlightVerdict.GROWN if inside < 1 - config.grown_share else FlightVerdict.UNCHANGED


def _registration_m(sightings: Sequence[Sighting], context: VerdictContext) -> float:
    errors = [context.results[s.picture].registration_error_m or 0.0 for s in sightings]
    return float(np.median(errors)) if errors else 0.0


def _radius_m(one: Merged, registration_m: float, context: VerdictContext) -> float:
    """95 %: the baseline's own place, the lay of the pictures, the scatter of the sightings, and
    what an unknown height of the structure and the roof moves a slanting look."""
    slants = []
    for sighting in one.sightings:
        record = context.results[sighting.picture].view
        if record is not None:
            middle = sighting.outline.centroid
            away = math.hypot(middle.x - record.east_m, middle.y - record.north_m)
            slants.append(away / record.up_m)
    slant = float(np.median(slants)) if slants else 0.0
    height_m = math.hypot(context.config.flight.errors.surface_m, 0.8)
    scatter_m = one.spread_m / math.sqrt(len(one.sightings))
    parts = (
        context.baseline.position_sigma_m,
        registration_m,
        scatter_m,
        slant * height_m * 0.5,
        0.3,
    )
    return _SHARE_95 * math.sqrt(sum(part**2 for part in parts))


def _position(outline: Polygon, radius_m: float, context: VerdictContext) -> Position:
    middle = outline.centroid
    lon, lat = context.baseline.frame.to_lon_lat(np.array([[middle.x, middle.y]]))[0]
    return Position(x=float(lon), y=float(lat), crs="EPSG:4326", error_radius_m=radius_m)


def _lon_lat(outline: Polygon, context: VerdictContext) -> Ring:
    ring = context.baseline.frame.to_lon_lat(np.array(outline.exterior.coords))
    return tuple((float(x), float(y)) for x, y in ring)


def _views(one: Merged, context: VerdictContext) -> tuple[BestView, ...]:
    found = []
    ordered = sorted(one.sightings, key=lambda s: -s.quality)
    for sighting in ordered[: context.config.best_views]:
        record = context.results[sighting.picture].view
        if record is not None:
            pixels = record.view().to_picture(np.array(one.outline.exterior.coords))
            ring = tuple((float(u), float(v)) for u, v in pixels)
            found.append(
                BestView(
                    picture=sighting.picture,
                    ring_px=ring,
                    width_px=record.lens.width_px,
                    height_px=record.lens.height_px,
                )
            )
    return tuple(found)


def _reason(
    verdict: FlightVerdict, one: Merged, ledger: LedgerVerdict, context: VerdictContext
) -> str:
    what = {
        FlightVerdict.NEW: "suspected new rooftop addition (疑似新增)",
        FlightVerdict.GROWN: "suspected extension of a known structure (疑似扩建)",
        FlightVerdict.UNCHANGED: "rebuilt or altered where the ledger knows a structure",
        FlightVerdict.REMOVED: "suspected removal (疑似拆除)",
    }[verdict]
    return (
        f"{what} of {one.area_m2:.0f} ± {one.area_error_m2:.0f} m²: in {len(one.sightings)} of "
        f"{one.shown_in} pictures of {context.current_at:%Y-%m-%d} against "
        f"{context.baseline.dated_at:%Y-%m-%d}; ledger: {ledger.value}"
    )


def _still(entry: _Known, context: VerdictContext) -> FlightFinding:
    """A ledger row that nothing was found to have happened to."""
    shown = context.seen.intersection(entry.outline).area >= 0.8 * entry.outline.area
    verdict = FlightVerdict.UNCHANGED if shown else FlightVerdict.NOT_VISIBLE
    sigma_m = context.baseline.position_sigma_m
    radius_m = max(entry.row.error_radius_m, _SHARE_95 * sigma_m)
    building = context.buildings.under(entry.outline)[0] if context.buildings else ""
    shown_in = sum(
        any(Polygon(ring).buffer(0).covers(entry.outline.centroid) for ring in result.seen)
        for result in context.results.values()
    )
    return FlightFinding(
        id=f"{context.current_at:%Y%m%d}-{entry.row.id}",
        verdict=verdict,
        ledger=entry.row.verdict(context.current_at.date()),
        ledger_id=entry.row.id,
        class_name=entry.row.class_name,
        score=1.0 if shown else 0.0,
        area_m2=entry.row.area_m2 or entry.outline.area,
        area_error_m2=0.0,
        position=_position(entry.outline, radius_m, context),
        ring=_lon_lat(entry.outline, context),
        building_id=entry.row.building_id or building,
        baseline_at=context.baseline.dated_at,
        current_at=context.current_at,
        registration_error_m=0.0,
        seen_in=0,
        shown_in=shown_in,
        views=(),
        reason=(
            "stands as before" if shown else "this flight does not show the place; nothing is said"
        ),
    )
