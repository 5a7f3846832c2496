"""How long a camera may be left alone is shown, and its history counts for its turn."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from api.routes.sources import status_of
from detector.incidents.past import opened_by_source
from tests.api.city import START, City, config


def test_the_bound_is_shown_once_looks_have_been_measured(tmp_path: Path):
    city = City(config(tmp_path)).start()
    camera = city.service.engine.camera("corner")
    assert status_of(city.service, camera).stale_bound_s is None
    city.push(2)
    shown = status_of(city.service, camera).stale_bound_s
    assert shown is not None
    assert shown >= 2 * camera.interval_s
    city.service.stop()


def test_an_incident_makes_its_camera_worth_more_and_is_found_again_after_a_restart(tmp_path: Path):
    city = City(config(tmp_path)).start()
    camera = city.service.engine.camera("corner")
    before = camera.rate()
    city.push(9, stall=True)
    city.wait(lambda: camera.rate() > before)
    (incident,) = city.service.records.queries.incidents().items
    city = city.restart()
    with city.service.records.database.reading() as transaction:
        found = opened_by_source(transaction, START)
        later = opened_by_source(transaction, incident.opened_at + timedelta(seconds=1))
    assert found == {"corner": [incident.opened_at]}
    assert later == {}
    city.service.stop()
