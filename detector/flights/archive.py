"""Comparisons as they are kept on disk, for the pages: findings, both days' pictures, incidents.

One folder a comparison: `comparison.json`, `findings.geojson`, `pairs/NUMBER-before.jpg` and
`pairs/NUMBER-after.jpg`. Findings are numbered from 1 in the order of the GeoJSON.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from detector.evidence.jpeg import encode_jpeg
from detector.flights.before_after import PairMaker
from detector.flights.comparison import Comparison
from detector.flights.errors import FlightError
from detector.flights.finding import FlightVerdict
from detector.flights.flight_files import FINDINGS, write_findings

FILE: Final = "comparison.json"
LEDGER: Final = "ledger.geojson"
PAIRS: Final = "pairs"
_NAME = re.compile(r"[^/\\\0]{1,200}")
_QUALITY = 88
Day = Literal["before", "after"]


class KeptComparison(BaseModel):
    """What a list of comparisons shows. `incidents`: which incident a finding opened, by its id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    name: str
    baseline: str
    current: str
    baseline_at: datetime
    current_at: datetime
    pictures: int
    refused: dict[str, str]  # why, by picture
    counts: dict[str, int]  # findings, by verdict
    seen_ha: float
    incidents: dict[str, UUID] = {}


def keep(
    place: Path,
    base: Path,
    current: Path,
    comparison: Comparison,
    incidents: Mapping[str, UUID],
) -> KeptComparison:
    """Writes a comparison down, its pictures included. The same one again replaces it."""
    maker = PairMaker(base, current, comparison)
    folder = place / PAIRS
    folder.mkdir(parents=True, exist_ok=True)
    for number, finding in enumerate(comparison.findings, 1):
        pair = maker.pair(finding)
        for day in ("before", "after") if pair else ():
            _write(folder / f"{number}-{day}.jpg", encode_jpeg(getattr(pair, day), _QUALITY))
    write_findings(place, comparison)
    kept = KeptComparison(
        name=place.name,
        baseline=comparison.baseline.name,
        current=comparison.current_name,
        baseline_at=comparison.baseline.dated_at,
        current_at=comparison.current_at,
        pictures=len(comparison.results),
        refused={r.picture: r.refused for r in comparison.results if r.refused},
        counts={
            verdict.value: sum(f.verdict is verdict for f in comparison.findings)
            for verdict in FlightVerdict
        },
        seen_ha=round(comparison.seen.area / 1e4, 3),
        incidents=dict(incidents),
    )
    _write(place / FILE, (kept.model_dump_json(indent=1) + "\n").encode())
    return kept


def all_kept(folder: Path) -> list[KeptComparison]:
    """Every comparison under `folder`, newest flight first; damaged ones are left out."""
    found = []
    for path in folder.glob(f"*/{FILE}"):
        try:
            found.append(KeptComparison.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue  # half removed, or of another version
    return sorted(found, key=lambda kept: kept.current_at, reverse=True)


def kept_comparison(folder: Path, name: str) -> tuple[KeptComparison, list[dict[str, Any]]]:
    """One comparison and its GeoJSON features. Raises FlightError where there is none."""
    place = place_of(folder, name)
    try:
        kept = KeptComparison.model_validate_json((place / FILE).read_bytes())
        features = json.loads((place / FINDINGS).read_text(encoding="utf-8"))["features"]
    except (OSError, ValueError, KeyError) as error:
        raise FlightError(
            f"no comparison of flights is kept as {name[:100]}", code="no_flight", name=name[:100]
        ) from error
    return kept, list(features)


def pair_picture(folder: Path, name: str, number: int, day: Day) -> bytes:
    """The JPEG of a finding on one of both days. Raises FlightError where there is none."""
    try:
        return (place_of(folder, name) / PAIRS / f"{number}-{day}.jpg").read_bytes()
    except OSError as error:
        raise FlightError(
            f"finding {number} of {name[:100]} has no picture {day}",
            code="no_flight_picture",
            number=number,
        ) from error


def place_of(folder: Path, name: str) -> Path:
    """Never outside `folder`."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise FlightError("a comparison's name is needed", code="no_flight", name=name[:100])
    return folder / name


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
