"""Finds things that one flight shows by itself, such as vendors' parasols, and puts them on the
ground: the pictures of a flight see each of them several times, and it is reported once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon
from shapely.ops import unary_union

from detector.flights.comparison import Comparison
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.flight_folder import read_flight
from detector.flights.flight_record import PictureRecord, read_record
from detector.flights.ingest import REACH
from detector.flights.ledger import Ledger
from detector.flights.merging import merge
from detector.flights.sighting import PictureResult, Sighting, lowered
from detector.flights.tiled_detection import Seen, detect_tiled
from detector.flights.verdicts import VerdictContext, conclude
from detector.geometry.camera_model import View
from detector.geometry.footprint import ground_footprint
from detector.types import Detector, PictureError

PARASOL_HEIGHT_M = 2.3
_MIN_AREA_M2 = 1.0
_MIN_SCORE = 0.3  # mean over all pictures that show the place


def find_from_air(
    base: Path,
    detector: Detector,
    classes: frozenset[str],
    config: ComparisonConfig,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Comparison:
    """Looks for `classes` in every picture of the ingested flight `base`.

    The outcome has the form of a comparison, of the flight with itself. Raises FlightError.
    """
    record = read_record(base)
    shots = {shot.name: shot for shot in read_flight(Path(record.source), config.flight).shots}
    results = []
    for number, picture in enumerate(record.pictures, 1):
        result = PictureResult(
            picture=picture.name,
            captured_at=picture.captured_at,
            view=picture.view,
            registration_error_m=record.adjustment_error_m,
        )
        try:
            image = shots[picture.name].read()
        except (KeyError, PictureError) as error:
            results.append(result.model_copy(update={"refused": f"cannot be read: {error}"}))
            continue
        seen = (one for one in detect_tiled(detector, image) if one.class_name in classes)
        results.append(_placed(result, picture, seen))
        progress("look", number, len(record.pictures))
    good = [r for r in results if r.refused is None]
    areas = [unary_union([Polygon(ring).buffer(0) for ring in r.seen]) for r in good]
    merged = [
        one
        for one in merge([s for r in good for s in r.sightings], areas, _MIN_AREA_M2)
        if one.came >= _MIN_SCORE
    ]
    ground = unary_union(areas)
    context = VerdictContext(
        baseline=record,
        current_at=record.dated_at,
        results={r.picture: r for r in good},
        buildings=None,
        ledger=Ledger(),
        seen=ground,
        config=config,
    )
    findings = [
        replace(
            finding,
            reason=f"suspected {finding.class_name} (疑似) from the air: in {finding.seen_in} of "
            f"{finding.shown_in} pictures of {record.dated_at:%Y-%m-%d}",
        )
        for finding in conclude(merged, context)
    ]
    return Comparison(
        baseline=record,
        current_name=record.name,
        current_at=record.dated_at,
        findings=tuple(findings),
        results=tuple(results),
        faults=(),
        seen=ground,
    )


def _placed(result: PictureResult, picture: PictureRecord, seen: Iterable[Seen]) -> PictureResult:
    view = picture.view.view()
    outline = ground_footprint(view, reach=REACH)
    if outline is None:
        return result.model_copy(update={"refused": "shows no ground"})
    ring = tuple((float(e), float(n)) for e, n in outline.exterior.coords)
    sightings = (_sighting(picture.name, one, view) for one in seen)
    kept = tuple(sighting for sighting in sightings if sighting is not None)
    return result.model_copy(update={"seen": (ring,), "sightings": kept})


def _sighting(picture: str, one: Seen, view: View) -> Sighting | None:
    """None for what stands on or over the horizon."""
    box = one.box_px
    pixels = np.array([[box.x1, box.y1], [box.x2, box.y1], [box.x2, box.y2], [box.x1, box.y2]])
    ground = view.to_ground(pixels)
    if not np.isfinite(ground).all():
        return None
    ring = lowered(ground, view, PARASOL_HEIGHT_M)
    away = float(np.hypot(*(ring.mean(axis=0) - (view.east_m, view.north_m))))
    return Sighting(
        picture=picture,
        ring=tuple((float(e), float(n)) for e, n in ring),
        area_m2=Polygon(ring).area,
        came=one.score,
        went=0.0,
        quality=view.up_m / float(np.hypot(away, view.up_m)),
        class_name=one.class_name,
    )
