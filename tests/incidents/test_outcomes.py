"""What destinations say of cases, and what happens to a case that was closed too soon."""

from __future__ import annotations

import threading
from dataclasses import replace
from uuid import uuid4

import pytest

from detector.incidents import (
    CaseState,
    ConflictError,
    DeliveryFilter,
    DestinationConfig,
    LetterKind,
    NotFoundError,
    OutcomeDesk,
    OutcomeError,
    OutcomeKind,
    VerdictDesk,
)
from detector.incidents.case_state import TRANSITIONS
from detector.incidents.outcome_desk import _steps
from detector.types import IncidentStatus, Position, VerdictAnswer

ACCEPTED, REFUSED, HANDLED, CLOSED = OutcomeKind


@pytest.fixture
def desk(street):
    return OutcomeDesk(street.database, street.clock)


@pytest.fixture
def case(street):
    (case_id,) = street.look(street.cover()).cases
    return street.queue.get(case_id)


def test_the_way_of_a_case_elsewhere(street, desk, case):
    tell = lambda kind: desk.outcome(case.id, kind, destination="city", remote_id="77")  # noqa: E731
    assert tell(ACCEPTED).to_state == CaseState.REGISTERED
    assert tell(HANDLED).to_state == CaseState.VERIFYING
    assert tell(CLOSED).to_state == CaseState.CLOSED
    events = [(e.kind, e.actor, e.to_state) for e in street.queue.events(case.id)]
    assert events == [
        ("opened", "xunjie", CaseState.REPORTED),
        *(
            ("outcome", "city", CaseState(state))
            for state in ("registered", "filed", "dispatched", "handling", "verifying", "closed")
        ),
    ]
    found = desk.outcomes(case.id)
    assert [(o.kind, o.from_state, o.remote_id) for o in found] == [
        (ACCEPTED, CaseState.REPORTED, "77"),
        (HANDLED, CaseState.REGISTERED, "77"),
        (CLOSED, CaseState.VERIFYING, "77"),
    ]
    assert street.queue.get(case.id).ended_at


@pytest.mark.parametrize("kind", list(OutcomeKind))
@pytest.mark.parametrize("state", list(CaseState))
def test_from_every_state_each_outcome_goes_by_the_table_or_not_at_all(state, kind):
    here = state
    for step in _steps(state, kind):
        assert step in TRANSITIONS[here]
        here = step
    if state.finished:
        assert here == state
    elif kind == CLOSED:
        assert here == CaseState.CLOSED
    elif kind == HANDLED:
        assert here == CaseState.VERIFYING


def test_an_accepted_case_that_is_further_stays_there(street, desk, case):
    desk.outcome(case.id, HANDLED, destination="city")
    taken = desk.outcome(case.id, ACCEPTED, destination="county")
    assert taken.to_state == taken.from_state == CaseState.VERIFYING
    assert street.queue.events(case.id)[-1].note == "accepted"


def test_a_refusal_needs_a_reason_and_goes_back_where_work_had_begun(street, desk, case):
    with pytest.raises(OutcomeError, match="needs a reason"):
        desk.outcome(case.id, REFUSED, destination="city", reason=" ")
    street.look(street.cover(box=street.ELSEWHERE), street.cover())
    (other,) = [c for c in street.queries.cases().items if c.id != case.id]
    taken = desk.outcome(case.id, REFUSED, destination="city", reason="不在辖区")
    assert taken.to_state == CaseState.REFUSED
    assert street.queue.events(case.id)[-1].note == "refused: 不在辖区"
    desk.outcome(other.id, ACCEPTED, destination="city")
    for to in ("filed", "dispatched"):
        street.queue.change_state(other.id, CaseState(to), "li")
    taken = desk.outcome(other.id, REFUSED, destination="city", reason="wrong department")
    assert taken.to_state == CaseState.SENT_BACK


def test_told_again_it_counts_once(street, desk, case):
    first = desk.outcome(case.id, ACCEPTED, destination="city", key="m-1")
    again = desk.outcome(case.id, ACCEPTED, destination="city", key="m-1")
    assert again.repeated
    assert again == replace(first, repeated=True)
    assert not desk.outcome(case.id, ACCEPTED, destination="county", key="m-1").repeated
    assert desk.outcome(case.id, CLOSED, destination="city").repeated is False
    assert desk.outcome(case.id, CLOSED, destination="city").repeated is True
    with pytest.raises(ConflictError, match="'m-1' of city was accepted"):
        desk.outcome(case.id, CLOSED, destination="city", key="m-1")
    with pytest.raises(NotFoundError):
        desk.outcome(uuid4(), CLOSED, destination="city")


def test_a_case_that_has_ended_stays_as_it_is(street, desk, case):
    desk.outcome(case.id, REFUSED, destination="city", reason="no")
    taken = desk.outcome(case.id, CLOSED, destination="county")
    assert taken.to_state == CaseState.REFUSED
    assert len(desk.outcomes(case.id)) == 2


def test_many_tell_the_same_at_once(street, desk, case):
    found, threads = [], []

    def tell():
        found.append(desk.outcome(case.id, CLOSED, destination="city", key="k"))

    for _ in range(6):
        threads.append(threading.Thread(target=tell))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(o.repeated for o in found) == [False] + [True] * 5
    assert len(desk.outcomes(case.id)) == 1


@pytest.fixture
def told(database, request):
    """A street whose cases go to "city", with one case that has been closed there."""
    street = request.getfixturevalue("street")
    street.wire(DestinationConfig(name="city", sink={"kind": "fake"}))
    desk = OutcomeDesk(street.database, street.clock)
    (case_id,) = street.look(street.cover()).cases
    desk.outcome(case_id, CLOSED, destination="city")
    return street, desk, case_id


def kinds(street):
    rows = street.queries.deliveries(DeliveryFilter(destination="city")).items
    return [row.kind for row in sorted(rows, key=lambda row: row.seq)]


def test_closed_while_the_camera_still_sees_it_is_raised_again_with_a_new_picture(
    told, stored_file
):
    street, desk, case_id = told
    for _ in range(29):  # the street may just be being cleared
        assert not street.look(street.cover()).reopened
    (raised,) = street.look(street.cover(), step_s=30).reopened
    with street.database.transaction() as transaction:
        street.ledger.add(transaction, raised.id, stored_file("2026/new.jpg", kind="threshold"))
    assert (raised.status, raised.reopened, raised.case_id) == (IncidentStatus.OPEN, 1, case_id)
    assert street.queue.get(case_id).state == CaseState.SENT_BACK
    assert kinds(street) == [LetterKind.OPENED, LetterKind.REOPENED]
    (first,) = street.outbox.claim("city", "w", 60, 5)
    street.outbox.delivered(first.id, None)
    (second,) = street.outbox.claim("city", "w", 60, 5)
    assert [e["key"] for e in second.record["evidence"]] == ["2026/new.jpg"]
    assert second.record["reopened"] == 1
    # Once, until it is closed again.
    for _ in range(40):
        assert not street.look(street.cover()).reopened
    assert not desk.outcome(case_id, CLOSED, destination="city").repeated
    assert street.look(street.cover(), step_s=301).reopened
    assert kinds(street) == [LetterKind.OPENED, LetterKind.REOPENED, LetterKind.REOPENED]


def test_closed_and_gone_stays_closed(told):
    street, _, case_id = told
    (cleared,) = street.leave().cleared
    assert street.queue.get(case_id).state == CaseState.CLOSED
    assert street.queries.incident(cleared.id).reopened == 0
    assert kinds(street) == [LetterKind.OPENED]


def test_a_finding_carried_over_a_gap_or_a_blind_look_raises_nothing(told):
    street, *_ = told
    assert not street.look(street.cover(seen_now=False), step_s=400).reopened
    assert not street.look(street.cover(), good_look=False).reopened
    assert street.look(street.cover()).reopened


def test_closed_by_hand_it_is_raised_again_too_and_a_refused_one_is_not(street, desk):
    (case_id,) = street.look(street.cover()).cases
    for to in ("registered", "filed", "dispatched", "handling", "verifying", "closed"):
        street.queue.change_state(case_id, CaseState(to), "li")
    assert street.look(street.cover(), step_s=301).reopened
    desk.outcome(case_id, REFUSED, destination="city", reason="enough")
    assert street.queue.get(case_id).state == CaseState.REFUSED
    assert not street.look(street.cover(), step_s=301).reopened


def test_a_rejected_one_is_not_raised_again(street, desk):
    (case_id,) = street.look(street.cover()).cases
    desk.outcome(case_id, CLOSED, destination="city")
    incident_id = street.queue.get(case_id).incident_id
    VerdictDesk(street.database, street.desk, street.clock).give_verdict(
        incident_id, VerdictAnswer.REJECTED, "li", "a shadow"
    )
    assert not street.look(street.cover(), step_s=301).reopened


def test_closing_the_case_of_a_passing_car_clears_its_incident(street, desk):
    position = Position(x=119.2, y=34.6, error_radius_m=3)
    finding = street.cover(position=position, source_id="car")
    (case_id,) = street.look(finding, source_id="car").cases
    desk.outcome(case_id, CLOSED, destination="city")
    incident = street.queries.incident(street.queue.get(case_id).incident_id)
    assert incident.status == IncidentStatus.CLEARED


def test_cases_are_routed_by_county(database, request):
    street = request.getfixturevalue("street")
    east = "320706001002003"
    grids = {"east": east, "west": "320707001002003", "nowhere": None}
    destinations = [
        DestinationConfig(name="east", sink={"kind": "fake"}, divisions={"320706"}),
        DestinationConfig(name="both", sink={"kind": "fake"}, divisions={"320706", "320707"}),
        DestinationConfig(
            name="rest", sink={"kind": "fake"}, divisions={"999999"}, without_grid=True
        ),
        DestinationConfig(name="all", sink={"kind": "fake"}),
    ]
    street.wire(*destinations)
    street.desk._grid_of = lambda place: grids[place.source_id]
    for source_id in grids:
        street.look(street.cover(source_id=source_id), source_id=source_id)
    found = {
        (row.destination, row.record["source_id"]) for row in street.queries.deliveries().items
    }
    assert found == {
        ("east", "east"),
        ("both", "east"),
        ("both", "west"),
        ("rest", "nowhere"),
        ("all", "east"),
        ("all", "west"),
        ("all", "nowhere"),
    }


@pytest.mark.parametrize("division", ["3", "32070x", "３２０７０６", "1" * 16])
def test_a_division_that_begins_no_grid_code_is_named(division):
    with pytest.raises(ValueError, match=f"'{division}' is not the beginning"):
        DestinationConfig(name="d", sink={"kind": "fake"}, divisions={division})
