"""Compares a later flight with the baseline, picture by picture and then structure by structure.

Each picture's result is a file of its own: a killed run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from detector.flights.buildings import Buildings
from detector.flights.changes import changes
from detector.flights.comparison_config import ComparisonConfig
from detector.flights.errors import FlightError
from detector.flights.finding import FlightFinding
from detector.flights.flight_folder import read_flight
from detector.flights.flight_record import FlightRecord, read_record, tiles_of
from detector.flights.fusing import Source
from detector.flights.ground_window import GroundWindow
from detector.flights.judged import Judge
from detector.flights.ledger import Ledger
from detector.flights.likelihood import Likelihood, read_likelihood, write_likelihood
from detector.flights.merging import Merged
from detector.flights.parallax import Lean
from detector.flights.picture_comparison import PictureComparison
from detector.flights.shot import Shot
from detector.flights.sighting import PictureResult, Ring, read_result, write_result
from detector.flights.verdicts import VerdictContext, conclude

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Findings, and what could not be judged and why."""

    baseline: FlightRecord
    current_name: str
    current_at: datetime
    findings: tuple[FlightFinding, ...]
    results: tuple[PictureResult, ...]
    faults: tuple[str, ...]
    seen: BaseGeometry  # metres, local frame: ground that both flights show

    def collection(self) -> dict[str, object]:
        """A GeoJSON FeatureCollection, WGS-84."""
        features = [finding.feature() for finding in self.findings]
        return {"type": "FeatureCollection", "features": features}


def compare(
    base: Path,
    current: Path,
    work: Path,
    config: ComparisonConfig,
    network: Judge,
    buildings_of: Callable[[FlightRecord], Buildings | None] = lambda _: None,
    ledger: Ledger | None = None,
    progress: Progress = lambda *_: None,
) -> Comparison:
    """Compares the pictures of `current` with the ingested flight `base`; keeps its work in `work`.

    Raises FlightError where either cannot be used at all.
    """
    record = read_record(base)
    folder = read_flight(current, config.flight)
    compared = PictureComparison(
        tiles=tiles_of(base, record.cell_m), frame=record.frame, config=config, network=network
    )
    results, sources = [], {}
    for number, shot in enumerate(folder.shots, 1):
        kept = work / "pictures" / f"{number:05}.json"
        result = _picture(kept, shot, compared)
        results.append(result)
        if result.likelihood is not None and result.view is not None:
            lean = Lean.of(result.view.view(), config.structure_height_m)
            sources[result.picture] = _source(kept, result.likelihood, lean)
        progress("compare", number, len(folder.shots))
    good = [r for r in results if r.refused is None]
    if not good:
        reasons = "; ".join(sorted({r.refused or "" for r in results})[:3])
        raise FlightError(f"{current}: no picture could be laid onto {base}: {reasons}")
    merged = changes(sources, config.candidate, config.min_score)
    return _concluded(
        record,
        folder.path.name,
        results,
        merged,
        folder.faults,
        buildings_of(record),
        ledger,
        config,
    )


def _picture(kept: Path, shot: Shot, compared: PictureComparison) -> PictureResult:
    """A picture's result, kept beside its likelihood: the result says that both are there."""
    result = read_result(kept)
    if result is not None and result.picture == shot.name and _whole(kept, result):
        return result
    result, likelihood = compared(shot)
    if likelihood is not None:
        write_likelihood(_likelihood_file(kept), likelihood)
    write_result(kept, result)
    return result


def _whole(kept: Path, result: PictureResult) -> bool:
    """False for what an older version wrote, too."""
    return result.refused is not None or (
        result.likelihood is not None and _likelihood_file(kept).exists()
    )


def _likelihood_file(kept: Path) -> Path:
    return kept.with_suffix(".looks.png")  # not the name of an older form


def _source(kept: Path, window: GroundWindow, lean: Lean) -> Source:
    file = _likelihood_file(kept)

    def read() -> Likelihood:
        found = read_likelihood(file, window)
        if found is None:
            raise FlightError(f"{file}: damaged; delete it and compare again")
        return found

    return Source(window=window, lean=lean, read=read)


def _concluded(
    record: FlightRecord,
    name: str,
    results: Sequence[PictureResult],
    found: Sequence[Merged],
    faults: tuple[str, ...],
    buildings: Buildings | None,
    ledger: Ledger | None,
    config: ComparisonConfig,
) -> Comparison:
    good = [r for r in results if r.refused is None]
    merged = [one for one in found if _reported(one, buildings, config)]
    current_at = good[len(good) // 2].captured_at
    seen = unary_union([_area(r.seen) for r in good])
    context = VerdictContext(
        baseline=record,
        current_at=current_at,
        results={r.picture: r for r in good},
        buildings=buildings,
        ledger=ledger or Ledger(),
        seen=seen,
        config=config,
    )
    return Comparison(
        baseline=record,
        current_name=name,
        current_at=current_at,
        findings=tuple(conclude(merged, context)),
        results=tuple(results),
        faults=faults,
        seen=seen,
    )


def _area(rings: Sequence[Ring]) -> BaseGeometry:
    return unary_union([Polygon(ring).buffer(0) for ring in rings])


def _reported(one: Merged, buildings: Buildings | None, config: ComparisonConfig) -> bool:
    if not config.min_area_m2 <= one.area_m2 <= config.max_area_m2:
        return False
    if buildings is None or not len(buildings):
        return True
    return buildings.under(one.outline)[1] >= config.min_on_building
