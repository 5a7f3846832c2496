"""Verdicts and the embedded queue."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    CaseFilter,
    CaseState,
    CodeTable,
    ConflictError,
    LeaseLostError,
    LetterKind,
    NotFoundError,
    VerdictError,
)
from detector.incidents.case_codes import code_table_schema
from detector.incidents.case_state import LABELS, TRANSITIONS
from detector.types import Box, IncidentStatus, Position, Posting, VerdictAnswer

CONFIRMED, CORRECTED, REJECTED = (
    VerdictAnswer.CONFIRMED,
    VerdictAnswer.CORRECTED,
    VerdictAnswer.REJECTED,
)


@pytest.fixture
def incident(street):
    (opened,) = street.look(street.finding()).opened
    return opened


@pytest.fixture
def case(street):
    (case_id,) = street.look(street.cover()).cases
    return street.queue.get(case_id)


def letters(street, destination="city"):
    found = street.queries.deliveries().items
    return [d.kind for d in sorted(found, key=lambda d: d.seq) if d.destination == destination]


def test_a_confirmed_incident_becomes_one_case(street, incident):
    verdict = street.verdicts.give_verdict(incident.id, CONFIRMED, "li")
    case = street.queue.get(verdict.case_id)
    assert case.state == CaseState.REPORTED
    assert case.state.label == "上报"
    assert case.number == "XJ-20261124-000001"
    assert (case.code_kind, case.code, case.code_table_version) == ("event", "0501", "example-1")
    assert case.description.startswith("疑似无照经营游商：a stall stands on the road")
    assert case.place == incident.place
    again = street.verdicts.give_verdict(incident.id, CONFIRMED, "wang")
    assert again.repeated
    assert (again.case_id, again.operator) == (case.id, "li")
    assert len(street.queries.cases().items) == 1


def test_another_answer_is_a_conflict(street, incident):
    street.verdicts.give_verdict(incident.id, CONFIRMED, "li")
    with pytest.raises(ConflictError, match="confirmed by li"):
        street.verdicts.give_verdict(incident.id, REJECTED, "wang", "a parasol")


def test_a_correction_is_kept(street, incident):
    box = Box(0.1, 0.1, 0.2, 0.2)
    give = street.verdicts.give_verdict
    verdict = give(incident.id, CORRECTED, "li", class_name="cart", box=box)
    assert verdict.case_id
    assert street.queries.verdict(incident.id) == verdict
    assert give(incident.id, CORRECTED, "li", class_name="cart", box=box).repeated
    with pytest.raises(ConflictError):
        give(incident.id, CORRECTED, "li", class_name="stall", box=box)


def test_a_verdict_must_say_enough(street, incident):
    give = street.verdicts.give_verdict
    with pytest.raises(VerdictError, match="reason"):
        give(incident.id, REJECTED, "li", "  ")
    with pytest.raises(VerdictError, match="class or a box"):
        give(incident.id, CORRECTED, "li")
    with pytest.raises(VerdictError, match="class or a box"):
        give(incident.id, CONFIRMED, "li", class_name="cart")
    with pytest.raises(VerdictError, match="confirmed"):
        give(incident.id, VerdictAnswer.PENDING, "li")
    with pytest.raises(NotFoundError):
        give(uuid4(), CONFIRMED, "li")


def test_a_confirmation_after_clearing_still_opens_a_case(street, incident):
    street.leave()
    assert street.verdicts.give_verdict(incident.id, CONFIRMED, "li").case_id
    assert street.queries.incident(incident.id).status == IncidentStatus.CLEARED


def test_two_operators_at_once_make_one_case(street, incident):
    found, threads = [], []

    def give():
        found.append(street.verdicts.give_verdict(incident.id, CONFIRMED, "li").case_id)

    for _ in range(6):
        threads.append(threading.Thread(target=give))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_rejecting_what_was_posted_at_once_voids_its_case(posted_street):
    street = posted_street
    (case_id,) = street.look(street.cover()).cases
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, REJECTED, "li", "a shadow")
    case = street.queue.get(case_id)
    assert case.state == CaseState.VOID
    assert case.ended_at
    assert letters(street) == [LetterKind.OPENED, LetterKind.VOIDED]
    street.leave()
    assert letters(street) == [LetterKind.OPENED, LetterKind.VOIDED]


def test_correcting_what_was_posted_at_once_updates_its_case(posted_street):
    street = posted_street
    (case_id,) = street.look(street.cover()).cases
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, CORRECTED, "li", class_name="storm_grate")
    assert letters(street) == [LetterKind.OPENED, LetterKind.UPDATED]
    (update,) = [
        d for d in street.queries.deliveries().items if d.seq == 2 and d.destination == "city"
    ]
    assert update.record["verdict"]["class_name"] == "storm_grate"


def test_clearing_offers_verification(street, case):
    street.leave()
    events = street.queue.events(case.id)
    assert [e.kind for e in events] == ["opened", "verification_offered"]
    assert street.queue.get(case.id).state == CaseState.REPORTED


WAY = [
    CaseState(name)
    for name in ("registered", "filed", "dispatched", "handling", "verifying", "closed")
]


def walk(street, case, *states):
    for state in states:
        case = street.queue.change_state(case.id, state, "wang", f"to {state}", case.version)
    return case


def test_the_whole_way(street, case):
    closed = walk(street, case, *WAY)
    assert closed.ended_at
    events = street.queue.events(case.id)
    labels = [e.to_state.label for e in events]
    assert labels == ["上报", "受理", "立案", "派遣", "处理", "核查", "结案"]
    assert {e.actor for e in events} == {"xunjie", "wang"}


def test_a_step_that_the_table_lacks_is_a_conflict(street, case):
    with pytest.raises(ConflictError, match="cannot become closed"):
        street.queue.change_state(case.id, CaseState.CLOSED, "wang")
    with pytest.raises(NotFoundError):
        street.queue.change_state(uuid4(), CaseState.CLOSED, "wang")


def test_an_old_page_is_a_conflict_and_a_repeated_request_is_not(street, case):
    street.queue.change_state(case.id, CaseState.REGISTERED, "wang", expected_version=1)
    again = street.queue.change_state(case.id, CaseState.REGISTERED, "wang", expected_version=1)
    assert again.version == 2
    with pytest.raises(ConflictError, match="has changed"):
        street.queue.change_state(case.id, CaseState.FILED, "li", expected_version=1)


def test_every_state_has_a_label_and_a_row():
    assert set(LABELS) == set(TRANSITIONS) == set(CaseState)
    reached = set().union(*TRANSITIONS.values())
    assert reached == set(CaseState) - {CaseState.REPORTED}


def test_a_closed_case_goes_back_to_work_when_it_comes_back(street, case):
    street.leave()
    walk(street, street.queue.get(case.id), *WAY)
    (back,) = street.look(street.cover()).reopened
    assert back.case_id == case.id
    again = street.queue.get(case.id)
    assert (again.state, again.ended_at) == (CaseState.SENT_BACK, None)


def test_closing_the_case_of_a_moving_source_clears_its_incident(street):
    position = Position(x=119.2, y=34.6, error_radius_m=5)
    found = street.cover(source_id="car", position=position)
    (case_id,) = street.look(found, source_id="car").cases
    case = walk(street, street.queue.get(case_id), *WAY)
    incident = street.queries.incident(case.incident_id)
    assert incident.status == IncidentStatus.CLEARED
    assert street.look(found, source_id="car").reopened
    assert street.queue.get(case_id).state == CaseState.SENT_BACK


def test_claims_are_exclusive_and_lapse(street, case):
    queue, clock = street.queue, street.clock
    (mine,) = queue.claim("wang", lease_s=60)
    assert mine.worker == "wang"
    assert queue.claim("li", lease_s=60) == ()
    clock.pass_s(50)
    queue.renew(case.id, "wang", lease_s=60)
    clock.pass_s(50)
    assert queue.claim("li", lease_s=60) == ()
    clock.pass_s(11)
    with pytest.raises(LeaseLostError):
        queue.renew(case.id, "wang", lease_s=60)
    assert queue.claim("li", lease_s=60)[0].id == case.id
    with pytest.raises(LeaseLostError, match="held by li"):
        queue.release(case.id, "wang")
    queue.release(case.id, "li")
    with pytest.raises(LeaseLostError, match="free"):
        queue.release(case.id, "li")
    assert queue.claim("zhao", lease_s=60)


def test_urgent_cases_come_first_and_a_finished_case_is_held_by_nobody(street):
    (vendor,) = street.look(street.finding(posting=Posting.AT_ONCE, box=street.ELSEWHERE)).cases
    (cover,) = street.look(street.cover()).cases
    assert [c.id for c in street.queue.claim("wang", 60, limit=5)] == [cover, vendor]
    case = street.queue.change_state(cover, CaseState.VOID, "wang", "twice")
    assert case.worker is None
    assert street.queue.claim("wang", 60, states=(CaseState.FILED,)) == ()


def test_many_workers_never_share_a_case(street):
    for number in range(12):
        box = Box(0.07 * number, 0.1, 0.07 * number + 0.05, 0.2)
        street.look(street.cover(box=box), source_id="cam")
    claimed, threads = [], []

    def work(name):
        while found := street.queue.claim(name, lease_s=60, limit=2):
            claimed.extend(case.id for case in found)

    for number in range(4):
        threads.append(threading.Thread(target=work, args=(f"w{number}",)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # SKIP LOCKED may leave a row to the next claim, but never gives it twice.
    claimed.extend(case.id for case in street.queue.claim("late", 60, limit=20))
    assert len(claimed) == len(set(claimed)) == 12


def test_a_table_without_the_code_leaves_it_to_a_person(street):
    config = CaseDeskConfig(code_table=CodeTable(version="2026-07", codes={}))
    street.registry._desk = CaseDesk(config, street.outbox, lambda place: "320703001001001")
    (case_id,) = street.look(street.cover()).cases
    case = street.queue.get(case_id)
    assert (case.code, case.code_table_version, case.grid) == (None, "2026-07", "320703001001001")


def test_the_published_schema_is_the_code_table_s():
    page = Path(__file__).parents[2] / "docs" / "schemas" / "code-table.schema.json"
    assert json.loads(page.read_text()) == code_table_schema()


def test_a_wrong_time_zone_is_named():
    with pytest.raises(ValueError, match="Asia/Nowhere"):
        CaseDeskConfig(time_zone="Asia/Nowhere")


def test_cases_are_listed_by_page_and_filter(street):
    for number in range(5):
        box = Box(0.15 * number, 0.1, 0.15 * number + 0.1, 0.2)
        street.look(street.cover(box=box))
    first = street.queries.cases(limit=2)
    second = street.queries.cases(limit=2, cursor=first.next_cursor)
    third = street.queries.cases(limit=2, cursor=second.next_cursor)
    numbers = [c.number[-1] for page in (first, second, third) for c in page.items]
    assert numbers == ["5", "4", "3", "2", "1"]
    assert third.next_cursor is None
    assert not street.queries.cases(CaseFilter(states=frozenset({CaseState.FILED}))).items
    assert len(street.queries.cases(CaseFilter(violation="cover", urgent=True)).items) == 5
    assert street.queries.case_counts() == {CaseState.REPORTED: 5}
