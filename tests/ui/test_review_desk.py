"""Leases, held verdicts, undo and commit."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from api.ui.held_verdict import HeldVerdict
from api.ui.review_desk import ReviewDesk
from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    ConflictError,
    Database,
    DatabaseConfig,
    NotFoundError,
    Outbox,
    Queries,
    VerdictDesk,
    VerdictError,
)
from detector.incidents.access_schema import held_verdicts
from detector.incidents.schema import cases, verdicts
from detector.types import VerdictAnswer
from tests.ui.populate import populate

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)


class Office:
    """A database with pending incidents, a desk and a clock that is set by hand."""

    def __init__(self, folder: Path, pending: int = 12) -> None:
        self.database = Database(DatabaseConfig(url=f"sqlite:///{folder / 'o.db'}"))
        self.database.migrate()
        populate(self.database, pending=pending, cases_count=0, now=NOW, days=3)
        self.now = NOW
        desk = CaseDesk(CaseDeskConfig(), Outbox(self.database, []))
        self.queries = Queries(self.database)
        self.verdicts = VerdictDesk(self.database, desk)
        self.desk = ReviewDesk(
            self.database, self.verdicts, lease_s=60, undo_s=8, clock=lambda: self.now
        )

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def count(self, table) -> int:
        with self.database.reading() as transaction:
            return transaction.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def office(tmp_path: Path):
    made = Office(tmp_path)
    yield made
    made.database.close()


def verdict(incident_id, operator="li", answer=VerdictAnswer.CONFIRMED, reason="") -> HeldVerdict:
    return HeldVerdict(
        incident_id=incident_id,
        operator=operator,
        answer=answer,
        reason=reason,
        class_name=None,
        box_unit=None,
        held_at=NOW,
        commit_at=NOW,
    )


def test_the_queue_is_urgent_first_then_newest_and_nobody_shares(office: Office):
    li, wang = office.desk.claim("li", 6), office.desk.claim("wang", 6)
    assert len(set(li) | set(wang)) == 12
    order = [office.queries.incident(i) for i in (*li, *wang)]
    keys = [(i.urgent, i.opened_at) for i in order]
    assert keys == sorted(keys, reverse=True)
    assert office.desk.claim("li", 6) == li  # the same ones again


def test_a_lease_lapses_unless_it_is_kept(office: Office):
    (first,) = office.desk.claim("li", 1)
    office.later(50)
    assert office.desk.beat("li") == 1
    office.later(50)
    assert first not in office.desk.claim("wang", 12)
    office.desk.release("wang", first)
    with pytest.raises(ConflictError, match="li is looking"):
        office.desk.hold(verdict(first, "wang"))
    office.later(61)
    assert first in office.desk.claim("wang", 12)


def test_a_verdict_is_committed_after_the_time_for_undoing_and_once(office: Office):
    (first,) = office.desk.claim("li", 1)
    held = office.desk.hold(verdict(first))
    assert office.desk.hold(verdict(first)) == held  # the page sent it twice
    assert first not in office.desk.claim("wang", 12)
    office.later(8.2)
    assert office.desk.commit_due() == 0  # the slack between undoing and committing
    with pytest.raises(ConflictError):
        office.desk.undo("li", first)
    office.later(0.5)
    assert office.desk.commit_due() == 1
    assert office.desk.commit_due() == 0
    assert (office.count(verdicts), office.count(cases), office.count(held_verdicts)) == (1, 1, 0)


def test_undoing_leaves_nothing_and_gives_the_incident_back(office: Office):
    (first,) = office.desk.claim("li", 1)
    office.desk.hold(verdict(first, answer=VerdictAnswer.REJECTED, reason="shadow"))
    with pytest.raises(ConflictError):
        office.desk.undo("wang", first)
    office.desk.undo("li", first)
    office.later(20)
    assert office.desk.commit_due() == 0
    assert office.count(verdicts) == 0
    assert office.desk.claim("li", 1) == (first,)


def test_a_kill_between_commit_and_deletion_doubles_nothing(office: Office):
    (first,) = office.desk.claim("li", 1)
    office.desk.hold(verdict(first))
    # As if the process had died after the VerdictDesk's transaction.
    office.verdicts.give_verdict(first, VerdictAnswer.CONFIRMED, "li")
    office.later(10)
    assert office.desk.commit_due() == 1
    assert (office.count(verdicts), office.count(cases), office.count(held_verdicts)) == (1, 1, 0)


def test_one_that_was_answered_over_the_api_meanwhile_stands(office: Office):
    (first,) = office.desk.claim("li", 1)
    office.desk.hold(verdict(first))
    office.verdicts.give_verdict(first, VerdictAnswer.REJECTED, "machine", "shadow")
    office.later(10)
    office.desk.commit_due()
    assert office.queries.verdict(first).operator == "machine"
    assert office.count(held_verdicts) == 0


def test_incomplete_and_unknown_ones_are_refused(office: Office):
    (first,) = office.desk.claim("li", 1)
    with pytest.raises(VerdictError):
        office.desk.hold(verdict(first, answer=VerdictAnswer.REJECTED))
    with pytest.raises(NotFoundError):
        office.desk.hold(verdict(uuid4()))


def test_news_tell_everybodys_verdicts_once(office: Office):
    first, second = office.desk.claim("li", 2)
    office.desk.hold(verdict(first))
    since = NOW - timedelta(seconds=1)
    assert [n.committed for n in office.desk.news(since)] == [False]
    office.later(10)
    office.desk.commit_due()
    office.desk.hold(verdict(second))
    assert {n.incident_id for n in office.desk.news(since)} == {first, second}
    assert office.desk.waiting("wang").pending == 10


def test_ten_operators_at_once_lose_and_double_nothing(tmp_path: Path):
    office = Office(tmp_path, pending=60)
    office.desk = ReviewDesk(office.database, office.verdicts, lease_s=60, undo_s=0)
    given: list[tuple[str, object]] = []
    faults: list[str] = []

    def work(name: str) -> None:
        while True:
            mine = office.desk.claim(name, 3)
            if not mine:
                return
            for incident_id in mine:
                try:
                    office.desk.hold(verdict(incident_id, name))
                    given.append((name, incident_id))
                except ConflictError as error:
                    faults.append(str(error))

    def commit() -> None:
        while not done.wait(0.05):
            office.desk.commit_due()

    done = threading.Event()
    committer = threading.Thread(target=commit)
    committer.start()
    operators = [threading.Thread(target=work, args=(f"op{n}",)) for n in range(10)]
    for thread in operators:
        thread.start()
    for thread in operators:
        thread.join()
    done.set()
    committer.join()
    office.desk.commit_due(everything=True)
    assert faults == []
    assert len(given) == len({i for _, i in given}) == 60
    assert (office.count(verdicts), office.count(cases), office.count(held_verdicts)) == (
        60,
        60,
        0,
    )
    with office.database.reading() as transaction:
        rows = transaction.execute(select(verdicts.c.operator, verdicts.c.incident_id)).all()
    assert {tuple(row) for row in rows} == set(given)
    office.database.close()
