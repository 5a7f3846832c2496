"""`xunjie deliveries`: the state of each destination, and sending again by command."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from api.auth.access import Access
from api.cli import app
from api.config import read_config
from api.service import open_records
from detector.incidents import Courier, DeliveryFilter, DeliveryState
from detector.incidents.sinks.fake import FakeSink
from detector.types import DeliveryRefused
from tests.faults.load import observation

runner = CliRunner()
REFUSED = DeliveryRefused("bureau: HTTP 422 unknown grid")


class Bureau:
    """A configuration with one destination, and what was refused there."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "city.yaml"
        sink = "{kind: fake}, quarantine_after_refusals: 1"
        self.file.write_text(f"destinations: [{{name: bureau, sink: {sink}}}]\n", encoding="utf-8")
        self.city = read_config(self.file)
        self.records = open_records(self.city)
        for number in range(3):
            with self.records.database.transaction() as transaction:
                self.records.registry.record(transaction, observation(number))
        self.sink = FakeSink("bureau", failures=[REFUSED] * 3)
        (destination,) = self.city.destinations
        self.courier = Courier(self.records.outbox, destination, self.sink)
        self.courier.carry()

    def call(self, *arguments: str):
        return runner.invoke(app, ["deliveries", *arguments, "-c", str(self.file)])

    def quarantined(self) -> list[str]:
        which = DeliveryFilter(state=DeliveryState.QUARANTINED)
        return [str(row.id) for row in self.records.queries.deliveries(which).items]


@pytest.fixture
def bureau(tmp_path: Path):
    made = Bureau(tmp_path)
    yield made
    made.records.database.close()


def test_the_state_of_each_destination_is_told(bureau: Bureau):
    (told,) = json.loads(bureau.call("--json").stdout)
    assert (told["destination"], told["quarantined"], told["delivered"]) == ("bureau", 3, 0)
    assert (told["retries"], told["last_error"]) == (3, str(REFUSED))
    assert "unknown" in bureau.call().stdout


def test_what_was_set_aside_is_sent_again_by_command_under_its_key(bureau: Bureau):
    first, *_ = bureau.quarantined()
    sent = bureau.call("redeliver", first)
    assert (sent.exit_code, "1 on their way" in sent.stderr) == (0, True)
    assert len(bureau.quarantined()) == 2
    assert "2 on their way" in bureau.call("redeliver", "bureau").stderr
    assert bureau.courier.carry() == 3
    assert sorted(bureau.sink.accepted) == sorted(set(bureau.sink.attempts))
    audit = Access(bureau.records.database, bureau.city.access).audit
    subjects = [entry.subject for entry in audit.entries(action="redelivered")]
    assert sorted(subjects) == sorted([first, "bureau"])


def test_what_there_is_not_is_named(bureau: Bureau):
    unknown = bureau.call("redeliver", "hotline")
    assert (unknown.exit_code, "there are: bureau" in unknown.stderr) == (2, True)
    nothing = bureau.call("redeliver", str(uuid4()))
    assert (nothing.exit_code, "no delivery has the id" in nothing.stderr) == (2, True)
