"""Evidence in a store that is no folder."""

from __future__ import annotations

import pytest

from api.service import Service
from detector.incidents import IncidentFilter
from detector.types import ConfigError
from tests.api.city import City, config, model

pytest.importorskip("fsspec", reason="fsspec is not installed (extra: s3)")
URL = "https://city.example/pictures"


def test_evidence_of_a_service_lies_in_the_store(tmp_path):
    evidence = {"min_free_bytes": 0, "store": f"memory://{tmp_path.name}/evidence"}
    city = City(config(tmp_path, evidence=evidence)).start()
    try:
        city.push(7, stall=True)
        records = city.service.records
        (incident,) = records.queries.incidents(IncidentFilter()).items
        rows = records.queries.evidence(incident.id)
        assert {row.kind for row in rows} == {"first", "threshold"}
        assert records.chain.verify(incident.id).files_checked == len(rows)
        assert records.chain.verify(incident.id).intact
        assert {row.key for row in rows} <= set(records.store.keys())
        assert not (tmp_path / "evidence").exists()
    finally:
        city.service.stop()


@pytest.mark.parametrize(("more", "refused"), [({}, False), ({"pictures_url": URL}, True)])
def test_only_a_sink_that_hands_pictures_over_needs_a_folder(tmp_path, more, refused):
    evidence = {"min_free_bytes": 0, "store": "memory://x/evidence"}
    sink = {"kind": "http", "url": "https://city.example/cases", **more}
    settings = config(tmp_path, evidence=evidence, destinations=[{"name": "city", "sink": sink}])
    if refused:
        with pytest.raises(ConfigError, match="needs evidence_folder"):
            Service(settings, detectors=[model()])
        return
    Service(settings, detectors=[model()]).stop()
