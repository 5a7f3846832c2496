"""Short forms of the runs against destinations, and that their counts can fail."""

from __future__ import annotations

from collections import Counter

import pytest

from detector.incidents import DeliveryState
from tests.faults import day_run, destination_run
from tests.faults.load import Load
from tests.incidents.brokers import Mosquitto, RabbitMq


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "kills"), [("http", 3), ("form", 2), ("open311", 3), ("mqtt", 4), ("amqp", 1)]
)
def test_a_destination_that_is_killed_under_load_loses_and_doubles_nothing(tmp_path, kind, kills):
    needed = {"mqtt": Mosquitto, "amqp": RabbitMq}.get(kind)
    if needed is not None:
        needed.program()  # skips where it is absent
    report = destination_run.run(tmp_path, kind, kills, rate=20, seed=4)
    assert report.faults == []
    assert report.cases == report.at_receiver > 10
    assert report.kills == kills
    assert report.while_flowing > 0


@pytest.mark.slow
def test_a_day_s_cases_at_once_leave_only_what_was_refused(tmp_path):
    report = day_run.run(tmp_path, cases=100, seconds=3, refuse=0.2)
    assert report.faults == []
    assert report.quarantined["strict"] == report.refused_by_receiver > 5
    assert report.delivered["city"] == report.delivered["open311"] == 100
    assert report.delivered["strict"] == 100 - report.refused_by_receiver
    assert "HTTP 422 unknown grid" in report.reasons[0]


@pytest.fixture
def load(tmp_path):
    made = Load(
        tmp_path / "a.db",
        [destination_run.DestinationConfig(name="http", sink={"kind": "fake"})],
    )
    made.open()
    made.open()
    yield made
    made.stop()
    made.close()


def test_the_counts_can_fail(load):
    rows = load.outbox.claim("http", "w", 60, 5)
    first, second = (row.idempotency_key for row in rows)

    def faults(*received):
        report = destination_run.DestinationReport(kind="http")
        destination_run._count(load, Counter(received), report)
        return [fault.split(":")[0] for fault in report.faults]

    assert faults(first, second) == [DeliveryState.PENDING] * 2
    for row in rows:
        load.outbox.delivered(row.id, None)
    assert faults(first, second) == []
    assert faults(first) == ["lost"]
    assert faults(first, second, second) == ["twice"]
    assert faults(first, second, "third") == ["unknown"]

    def day_faults(refuse, *received):
        report = day_run.DayReport(cases=2)
        day_run._count(load, "http", Counter(received), refuse, report)
        return [fault.split(": ")[1] for fault in report.faults]

    assert day_faults(0, first, second) == []
    assert day_faults(0, first) == ["lost"]
    assert sorted(day_faults(1.0)) == ["wrongly set aside or not"] * 2
