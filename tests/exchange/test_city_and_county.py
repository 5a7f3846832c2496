"""Two real services over real HTTP: a case has one identity, and its outcome comes home."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from api.auth import Permission
from detector.incidents import CaseState, DeliveryFilter, DeliveryState, LetterKind
from detector.types import VerdictAnswer
from tests.api.city import picture
from tests.exchange.pair import (
    CAR_IN_COUNTY,
    CAR_IN_OTHER,
    CITY,
    COUNTY,
    Pair,
    cases,
    hole,
    wait_for,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = Pair(tmp_path_factory.mktemp("pair"), monkeypatch)
        yield made
        made.close()


@pytest.fixture(scope="module")
def sent(pair: Pair):
    """The county's car has found a hole, and the city has the case."""
    hole(pair.county, CAR_IN_COUNTY, picture(1, hole=True))
    (ours,) = wait_for(lambda: cases(pair.county))
    wait_for(lambda: cases(pair.city))
    return ours


def letters(site, case_id, **which):
    found = site.service.records.queries.deliveries(DeliveryFilter(case_id=case_id, **which))
    return sorted(found.items, key=lambda row: row.seq)


def test_a_county_s_case_is_the_city_s_under_the_same_identity(pair: Pair, sent):
    (theirs,) = cases(pair.city)
    assert (theirs.id, theirs.number, theirs.incident_id) == (
        sent.id,
        sent.number,
        sent.incident_id,
    )
    assert theirs.number.startswith("GY-")
    assert (theirs.source_id, theirs.path) == ("ganyu/car", ("ganyu",))
    assert (theirs.grid, theirs.code, theirs.urgent) == (sent.grid, sent.code, True)
    received = pair.city.service.records.reception.source_of(sent.id)
    (letter,) = letters(pair.county, sent.id)
    assert received.last_key == letter.idempotency_key
    client = pair.city.machine(Permission.VIEW)
    assert client.get(f"/api/cases/{sent.id}").json()["received"]["peer"] == COUNTY


def test_its_pictures_are_in_the_city_s_own_intact_chain(pair: Pair, sent):
    county, city = pair.county.service.records, pair.city.service.records
    shown = [r for r in county.queries.evidence(sent.incident_id) if r.variant == "shown"]
    here = city.queries.evidence(sent.incident_id)
    assert [row.sha256 for row in here] == [row.sha256 for row in shown] != []
    assert hashlib.sha256(city.store.get(here[0].key)).hexdigest() == shown[0].sha256
    assert city.chain.verify(sent.incident_id).intact
    client = pair.city.machine(Permission.VIEW)
    answer = client.get(f"/api/incidents/{sent.incident_id}/evidence/{here[0].id}")
    assert answer.content == county.store.get(shown[0].key)


def test_a_received_case_never_goes_back(pair: Pair, sent):
    assert letters(pair.city, sent.id) == []  # although the county is its destination
    assert len(cases(pair.county)) == len(cases(pair.city)) == 1


def test_a_loop_of_a_foolish_destination_ends_at_the_door(pair: Pair, sent):
    """A destination without `instance` would send it back; the first instance says 409."""
    (letter,) = letters(pair.county, sent.id)
    record = {**letter.record, "path": [COUNTY, CITY]}
    client = pair.county.anonymous()
    client.headers["Authorization"] = f"Bearer {os.environ['KEY_GANYU']}"  # the city's key here
    for path in ([COUNTY, CITY], [CITY], []):  # also one who does not say where it has been
        answer = client.post(
            "/api/exchange/cases",
            json={"id": str(uuid4()), "data": {**record, "path": path}},
        )
        assert answer.status_code == 409, answer.text
    assert len(cases(pair.county)) == 1


def test_a_repetition_changes_nothing(pair: Pair, sent):
    (letter,) = letters(pair.county, sent.id)
    before = pair.city.service.records.queue.events(sent.id)
    pair.county.service.records.outbox.redeliver(letter.id)
    pair.county.service.retry_now(CITY)
    wait_for(lambda: letters(pair.county, sent.id)[0].state == DeliveryState.DELIVERED)
    assert pair.city.service.records.queue.events(sent.id) == before
    assert len(cases(pair.city)) == 1


def test_the_city_s_work_comes_home_and_a_return_goes_there(pair: Pair, sent):
    queue = pair.city.service.records.queue
    home = pair.county.service.records

    def state():
        return home.queries.case(sent.id).state

    queue.change_state(sent.id, CaseState.REGISTERED, "wang")
    wait_for(lambda: state() == CaseState.REGISTERED)
    for step in (CaseState.FILED, CaseState.DISPATCHED, CaseState.HANDLING, CaseState.VERIFYING):
        queue.change_state(sent.id, step, "wang")
    wait_for(lambda: state() == CaseState.VERIFYING)
    queue.change_state(sent.id, CaseState.CLOSED, "wang", "cover put back")
    wait_for(lambda: state() == CaseState.CLOSED)
    told = home.outcomes.outcomes(sent.id)
    assert told[-1].reason == "cover put back"
    assert len({one.outcome_key for one in told}) == len(told)

    # Seen again by the county's car: the same case goes back to work, there too.
    hole(pair.county, CAR_IN_COUNTY, picture(2, hole=True))
    wait_for(lambda: state() == CaseState.SENT_BACK)
    wait_for(lambda: queue.get(sent.id).state == CaseState.SENT_BACK)
    assert [row.kind for row in letters(pair.county, sent.id)][-1] == LetterKind.REOPENED
    assert len(cases(pair.city)) == len(cases(pair.county)) == 1
    # The city's own SENT_BACK was caused by the county and is not told back as a refusal.
    assert "refused" not in {one.kind.value for one in home.outcomes.outcomes(sent.id)}

    # A second round is a round of its own.
    queue.change_state(sent.id, CaseState.REGISTERED, "wang")
    wait_for(lambda: state() == CaseState.REGISTERED)


def test_the_city_s_case_on_county_ground_goes_to_the_county_and_others_do_not(pair: Pair, sent):
    north = (CAR_IN_COUNTY[0] + 0.01, CAR_IN_COUNTY[1])
    hole(pair.city, north, picture(3, hole=True))
    mine = wait_for(lambda: [c for c in cases(pair.city) if c.number.startswith("LYG-")])[0]
    there = wait_for(lambda: [c for c in cases(pair.county) if c.id == mine.id])[0]
    assert (there.number, there.path) == (mine.number, (CITY,))
    pair.county.service.records.queue.change_state(mine.id, CaseState.REFUSED, "li", "不在辖区")
    wait_for(lambda: pair.city.service.records.queries.case(mine.id).state == CaseState.REFUSED)
    hole(pair.city, CAR_IN_OTHER, picture(4, hole=True))
    other = wait_for(
        lambda: [c for c in cases(pair.city) if c.number.startswith("LYG-") and c.id != mine.id]
    )[0]
    assert letters(pair.city, other.id) == []


def test_a_rejection_at_home_voids_the_case_there(pair: Pair, sent):
    south = (CAR_IN_COUNTY[0] - 0.01, CAR_IN_COUNTY[1])
    hole(pair.county, south, picture(5, hole=True))
    new = wait_for(lambda: [c for c in cases(pair.county) if c.place.position.x < 119.12])[0]
    wait_for(lambda: [c for c in cases(pair.city) if c.id == new.id])
    pair.county.service.records.verdicts.give_verdict(
        new.incident_id, VerdictAnswer.REJECTED, "li", "a shadow"
    )
    pair.county.service.wake_couriers()
    queue = pair.city.service.records.queue
    wait_for(lambda: queue.get(new.id).state == CaseState.VOID)


def test_a_city_that_is_away_gets_everything_afterwards_and_once(pair: Pair, sent):
    known = {case.id for case in cases(pair.city)}
    pair.city.close()
    place = (CAR_IN_COUNTY[0], CAR_IN_COUNTY[1] + 0.01)
    hole(pair.county, place, picture(6, hole=True))
    new = wait_for(lambda: [c for c in cases(pair.county) if c.place.position.y > 34.84])[0]
    pair.start(CITY)
    wait_for(lambda: [c for c in cases(pair.city) if c.id == new.id])
    assert {case.id for case in cases(pair.city)} == known | {new.id}


def test_who_may_hand_cases_over(pair: Pair, sent):
    (letter, *_) = letters(pair.county, sent.id)
    event = {"id": "x", "data": {**letter.record, "case_id": str(uuid4())}}
    assert pair.city.anonymous().post("/api/exchange/cases", json=event).status_code == 401
    viewer = pair.city.machine(Permission.VIEW)
    assert viewer.post("/api/exchange/cases", json=event).status_code == 403
    unknown = pair.city.machine(Permission.EXCHANGE)  # a key that is no peer's
    answer = unknown.post("/api/exchange/cases", json=event)
    assert (answer.status_code, "exchange.peers" in answer.text) == (403, True)
    assert unknown.get("/api/exchange/outcomes", params={"case_id": sent.id}).status_code == 403


def test_what_cannot_be_taken_is_named(pair: Pair, sent):
    client = pair.city.anonymous()
    client.headers["Authorization"] = f"Bearer {os.environ['KEY_LYG']}"
    record = letters(pair.county, sent.id)[0].record
    new = {**record, "case_id": str(uuid4()), "incident_id": str(uuid4()), "number": "GY-1"}

    def says(data) -> str:
        answer = client.post("/api/exchange/cases", json={"id": "k", "data": data})
        assert answer.status_code == 422, answer.text
        return answer.json()["detail"]

    assert "cases.number_prefix" in says({**new, "number": record["number"]})
    assert "sends no cases from 320706" in says({**new, "grid": "320706001001001"})
    assert "subtype" in says({key: value for key, value in new.items() if key != "subtype"})
    assert "schema" in says({**new, "schema": "other/9"})
    place = {**record["place"], "position": {**record["place"]["position"], "crs": "EPSG:1"}}
    assert "place" in says({**new, "place": place})
    body = client.post("/api/exchange/cases", content=b"{")
    assert (body.status_code, "not JSON" in body.text) == (422, True)
    url = f"/api/exchange/pictures/{uuid4()}/{'0' * 64}"
    assert client.put(url, content=b"x").status_code == 422
    assert client.get(url).status_code == 404
    assert json.loads(client.get("/api/exchange/outcomes", params={"case_id": uuid4()}).text) == []
