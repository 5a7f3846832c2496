"""The case of a cover names its component, or says that a person has to look."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from api.config import read_config
from api.where import LedgerConfig, component_finder
from detector.incidents import (
    CaseComponent,
    CaseDesk,
    CaseDeskConfig,
    DeliveryFilter,
    DestinationConfig,
    IncidentRegistry,
)
from detector.types import ConfigError, Position

CODE, RAIN = "3207030102000001", "3207030103000002"
HERE = Position(x=119.2216, y=34.5967, error_radius_m=5)
CSV = f"code,lon,lat,owner\n{CODE},119.22162,34.5967,排水公司\n{RAIN},119.22164,34.5967,市政\n"


@pytest.fixture
def ledger(tmp_path: Path) -> LedgerConfig:
    file = tmp_path / "covers.csv"
    file.write_text(CSV, encoding="utf-8")
    return LedgerConfig(file=file)


def cases_of(street, ledger, *findings, **destination):
    """Opens the findings' cases; gives them and the letters' records."""
    to = DestinationConfig(name="city", sink={"kind": "fake"}, **destination)
    street.wire(to)
    desk = CaseDesk(
        CaseDeskConfig(), street.outbox, clock=street.clock, component_of=component_finder(ledger)
    )
    street.desk, street.registry = desk, IncidentRegistry(street.config, desk)
    for finding in findings:
        street.look(finding, source_id=finding.place.source_id)
    found = street.queries.cases().items
    rows = street.queries.deliveries(DeliveryFilter(destination="city")).items
    return {case.id: case for case in found}, {row.case_id: row.record for row in rows}


def test_the_case_and_its_record_name_the_component(street, ledger):
    cases, records = cases_of(street, ledger, street.cover(position=HERE, source_id="car"))
    ((case_id, case),) = cases.items()
    component = case.component
    assert (component.code, component.kind, component.owner) == (CODE, "02", "排水公司")
    assert component.distance_m == pytest.approx(1.83, abs=0.05)
    assert component.others == 1
    assert case.county_code == "320703"
    sent = records[case_id]
    assert sent["component"]["code"] == CODE
    assert sent["component"]["owner"] == "排水公司"
    assert sent["county_code"] == "320703"


def test_no_cover_within_the_error_is_ownerless_or_unknown(street, ledger):
    far = replace(HERE, x=HERE.x + 0.001)
    cases, records = cases_of(street, ledger, street.cover(position=far, source_id="car"))
    ((case_id, case),) = cases.items()
    assert case.component.code is None
    assert "ownerless or unknown, a person" in records[case_id]["component"]["note"]
    assert case.county_code is None


def test_a_camera_without_a_position_needs_a_person(street, ledger):
    cases, _ = cases_of(street, ledger, street.cover())
    (case,) = cases.values()
    assert case.component == CaseComponent(
        code=None,
        kind=None,
        owner="",
        distance_m=None,
        others=0,
        note="the position is not known; a person has to look",
    )


def test_only_covers_are_looked_up_and_only_of_the_kinds_that_are_set(street, ledger):
    from detector.types import Posting

    vendor = street.finding(position=HERE, source_id="car", posting=Posting.AT_ONCE)
    rain = ledger.model_copy(update={"kinds": frozenset({"03"})})
    cases, _ = cases_of(street, rain, vendor, street.cover(position=HERE, source_id="car"))
    found = {case.violation: case.component for case in cases.values()}
    assert found["vendor"] is None
    assert found["cover"].code == RAIN


def test_the_component_s_county_routes_a_case_without_a_grid(street, ledger):
    cover = street.cover(position=HERE, source_id="car")
    _, records = cases_of(street, ledger, cover, divisions=frozenset({"320703"}))
    assert len(records) == 1


def test_another_county_gets_nothing(street, ledger):
    cover = street.cover(position=HERE, source_id="car")
    _, records = cases_of(street, ledger, cover, divisions=frozenset({"320706"}))
    assert records == {}


def test_it_is_configured_by_a_file_beside_the_configuration(tmp_path: Path):
    point = {
        "type": "Feature",
        "properties": {"code": CODE, "owner": "x"},
        "geometry": {"type": "Point", "coordinates": [119.0, 34.0]},
    }
    collection = {"type": "FeatureCollection", "features": [point]}
    (tmp_path / "covers.geojson").write_text(json.dumps(collection), encoding="utf-8")
    path = tmp_path / "city.yaml"
    path.write_text("ledger: {file: covers.geojson}", encoding="utf-8")
    ledger = read_config(path).ledger
    assert ledger.file == tmp_path / "covers.geojson"
    component_finder(ledger)
    with pytest.raises(ConfigError, match=r"ledger: .*none\.csv: cannot be read"):
        component_finder(ledger.model_copy(update={"file": tmp_path / "none.csv"}))
    (tmp_path / "bad.csv").write_text("code,lon,lat\n12,119,34\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.csv: line 2: code '12' has not 16 digits"):
        component_finder(ledger.model_copy(update={"file": tmp_path / "bad.csv"}))
