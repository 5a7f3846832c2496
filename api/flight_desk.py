"""Brings a comparison of flights into the service's records: incidents, ledger, pictures."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.config import CityConfig
from api.service import Records
from detector.flights.archive import LEDGER, KeptComparison, keep
from detector.flights.before_after import PairMaker
from detector.flights.comparison import Comparison
from detector.flights.finding import FlightVerdict
from detector.flights.incident_filing import FlightSource, add_pairs, file_incidents
from detector.flights.ledger import Ledger, read_ledger, write_ledger
from detector.rules import build_rule
from detector.rules.rooftop import RooftopRule
from detector.types import ConfigError

_writing = threading.Lock()
_ID_LENGTH = 64


def flights_folder(city: CityConfig) -> Path:
    """Where the service keeps flights, comparisons and the ledger."""
    return city.data_folder / "flights"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightPlaces:
    """The comparison's own folder, the ingested baseline, the later pictures, the ledger."""

    place: Path
    base: Path
    current: Path
    ledger: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledComparison:
    """What filing led to: how many incidents are new, which ledger rows were struck off, and which
    standing ones wait for an officer to strike them off."""

    kept: KeptComparison
    opened: int
    struck_off: tuple[str, ...]
    to_strike_off: tuple[str, ...]


def file_comparison(
    records: Records,
    city: CityConfig,
    comparison: Comparison,
    places: FlightPlaces,
    model_sha256: str,
    rule_name: str = "rooftop",
) -> FiledComparison:
    """Opens an incident for each new addition, with both days' pictures. Rows whose structure is
    gone wait for an officer, or are struck off where the city says `automatic`. The same comparison
    again opens nothing and strikes nothing off.

    Raises ConfigError for a rule's bad parameters, DiskFull, LedgerError.
    """
    rule = flight_rule(city, rule_name)
    source = FlightSource(
        source_id=f"flight {comparison.current_name}"[:_ID_LENGTH], model_sha256=(model_sha256,)
    )
    maker = PairMaker(places.base, places.current, comparison)
    with records.database.transaction() as transaction:
        filed = file_incidents(transaction, records.registry, comparison, rule, source)
        add_pairs(
            transaction,
            records.packer,
            records.ledger,
            filed,
            comparison.findings,
            lambda finding: maker.pair(finding, drawn=False),
        )
    kept = keep(places.place, places.base, places.current, comparison, filed.incident_of)
    gone = [
        (finding.ledger_id, finding.current_at, finding.views[0].picture)
        for finding in comparison.findings
        if finding.verdict is FlightVerdict.REMOVED and finding.ledger_id and finding.views
    ]
    struck: list[str] = []
    waiting: list[str] = []
    if city.flights.strike_off == "automatic":
        struck = [row for row, at, picture in gone if strike_off(places.ledger, row, at, picture)]
    else:
        standing = {row.id for row in ledger_of(places.ledger).rows if row.standing}
        waiting = [row for row, _, _ in gone if row in standing]
    return FiledComparison(
        kept=kept,
        opened=len(filed.changes.opened),
        struck_off=tuple(struck),
        to_strike_off=tuple(waiting),
    )


def flight_rule(city: CityConfig, name: str) -> RooftopRule:
    """The city's rule that judges what a flight found. Raises ConfigError."""
    rule = build_rule({"rule": name, **city.rules.get(name, {})})
    if not isinstance(rule, RooftopRule):
        raise ConfigError(f"the rule {name!r} judges no findings of flights")
    return rule


def city_ledger(city: CityConfig) -> Path:
    return flights_folder(city) / LEDGER


def ledger_of(path: Path) -> Ledger:
    """An empty one where no file is there yet."""
    return read_ledger(path) if path.exists() else Ledger()


def strike_off(path: Path, row_id: str, at: datetime, picture: str) -> bool:
    """Strikes one row off in the file; False where it does not stand there (any more)."""
    with _writing:
        ledger = ledger_of(path)
        if not any(row.id == row_id and row.standing for row in ledger.rows):
            return False
        write_ledger(path, ledger.struck_off(row_id, at, picture))
        return True
