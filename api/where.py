"""Whose ground an incident stands on, and which cover of the ledger it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from detector.geometry.grid import GridIndex
from detector.geometry.ledger import CoverLedger
from detector.incidents import CaseComponent
from detector.types import ConfigError, Incident, Place


class GridConfig(BaseModel):
    """A GeoJSON file of cells. The first grid that has a cell for a place names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    """Relative to the configuration file."""

    code_property: str = "code"
    name_property: str = "name"
    crs: str = "EPSG:4326"


def grid_finder(grids: Sequence[GridConfig]) -> Callable[[Place], str | None]:
    """Gives the grid code of a place; None where no position or no cell is known.

    Raises ConfigError naming the file.
    """
    indexes = [_index(grid) for grid in grids]

    def find(place: Place) -> str | None:
        if place.position is None:
            return None
        cells = (index.find(place.position) for index in indexes)
        return next((cell.code for cell in cells if cell is not None), None)

    return find


class LedgerConfig(BaseModel):
    """The city's ledger of covers, as points of GeoJSON or as CSV (by the file's ending)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    """Relative to the configuration file. CSV: columns code, lon, lat (or x, y), owner, crs."""

    crs: str = "EPSG:4326"
    code_property: str = "code"
    owner_property: str = "owner"
    kind_digits: int = Field(default=2, ge=1, le=3)
    """Of the minor class in the 16-digit code; newer platforms have three."""

    own_error_m: float = Field(default=1.0, ge=0, le=100)
    """Of the ledger's surveyed positions; added to the error radius of what was seen."""

    kinds: frozenset[str] | None = None
    """Minor classes that a cover case may be about; None: any."""

    violations: frozenset[str] = frozenset({"cover"})


def component_finder(
    config: LedgerConfig | None,
) -> Callable[[Incident], CaseComponent | None]:
    """What the ledger says of an incident's place; None where the incident is not about a cover
    or there is no ledger. Raises ConfigError naming the file and the line or feature."""
    if config is None:
        return lambda incident: None
    ledger = read_ledger(config)

    def find(incident: Incident) -> CaseComponent | None:
        if incident.violation not in config.violations:
            return None
        position = incident.place.position
        if position is None:
            return _nobody("the position is not known; a person has to look")
        match = ledger.match(position, config.kinds)
        entry = match.entry
        if entry is None:
            return _nobody(f"{match.reason}; ownerless or unknown, a person has to look")
        return CaseComponent(
            code=entry.code,
            kind=entry.kind,
            owner=entry.owner,
            distance_m=None if match.distance_m is None else round(match.distance_m, 2),
            others=match.others,
            note=match.reason,
        )

    return find


def read_ledger(config: LedgerConfig) -> CoverLedger:
    """Raises ConfigError naming the file and the line or feature."""
    try:
        data = config.file.read_bytes()
    except OSError as error:
        raise ConfigError(f"ledger: {config.file}: cannot be read: {error.strerror}") from error
    name, common = config.file.name, {"crs": config.crs, "kind_digits": config.kind_digits}
    if config.file.suffix.lower() == ".csv":
        found = CoverLedger.from_csv(data, name, **common)  # type: ignore[arg-type]
    else:
        found = CoverLedger.from_geojson(
            data,
            name,
            code_property=config.code_property,
            owner_property=config.owner_property,
            **common,  # type: ignore[arg-type]
        )
    return CoverLedger(found.entries, config.own_error_m)


def _nobody(note: str) -> CaseComponent:
    return CaseComponent(code=None, kind=None, owner="", distance_m=None, others=0, note=note)


def _index(grid: GridConfig) -> GridIndex:
    try:
        data = grid.file.read_bytes()
    except OSError as error:
        raise ConfigError(f"grids: {grid.file}: cannot be read: {error.strerror}") from error
    return GridIndex.from_geojson(
        data,
        grid.file.name,
        code_property=grid.code_property,
        name_property=grid.name_property,
        crs=grid.crs,
    )
