"""What is written for destinations, and in which order it may go out."""

from __future__ import annotations

import threading
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from detector.incidents import (
    ConflictError,
    DeliveryFilter,
    DeliveryState,
    DestinationConfig,
    LetterKind,
    NotFoundError,
)
from detector.incidents.schema import cases, deliveries
from detector.types import VerdictAnswer


@pytest.fixture
def opened(posted_street):
    """A street with one case at once, so with one letter for each of two destinations."""
    (case_id,) = posted_street.look(posted_street.cover()).cases
    return posted_street, case_id


def claim(street, destination="city", worker="w", lease_s=60, limit=10):
    return street.outbox.claim(destination, worker, lease_s, limit)


def letter(street, destination="city", kind=LetterKind.OPENED):
    found = street.queries.deliveries(DeliveryFilter(destination=destination)).items
    (one,) = [d for d in found if d.kind == kind]
    return one


def test_each_destination_has_its_own_letter_under_one_key(opened):
    street, case_id = opened
    found = street.queries.deliveries().items
    assert {d.destination for d in found} == {"city", "county"}
    assert {d.idempotency_key for d in found} == {f"{case_id}:opened:1"}
    assert all(d.record["case_id"] == str(case_id) for d in found)


def test_a_transaction_that_fails_leaves_no_letter(posted_street):
    street = posted_street
    (incident,) = street.look(street.finding()).opened

    def killed() -> None:
        with street.database.transaction() as transaction:
            street.desk.open(transaction, incident.id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        killed()
    assert street.queries.deliveries().items == ()
    assert street.queries.cases().items == ()


def test_destinations_take_by_violation_and_source(street):
    street.wire(
        DestinationConfig(name="covers", sink={"kind": "fake"}, violations={"cover"}),
        DestinationConfig(name="east", sink={"kind": "fake"}, source_ids={"east-1"}),
        DestinationConfig(name="nobody", sink={"kind": "fake"}, violations=set()),
    )
    street.look(street.cover())
    street.look(street.cover(source_id="east-1"), source_id="east-1")
    names = sorted(d.destination for d in street.queries.deliveries().items)
    assert names == ["covers", "covers", "east"]


def test_a_letter_no_destination_takes_is_not_written(street):
    (case_id,) = street.look(street.cover()).cases
    with street.database.reading() as transaction:
        assert transaction.execute(select(deliveries)).first() is None
        letters = select(cases.c.letters).where(cases.c.id == case_id)
        assert transaction.execute(letters).scalar() == 0


def test_letters_of_one_incident_go_out_one_after_another(opened):
    street, case_id = opened
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, VerdictAnswer.REJECTED, "li", "a shadow")
    (first,) = claim(street)
    assert first.kind == LetterKind.OPENED
    assert claim(street, worker="other") == ()  # neither the held one nor the one behind it
    street.outbox.delivered(first.id, "r-1")
    (second,) = claim(street)
    assert second.kind == LetterKind.VOIDED
    assert street.outbox.stats()[0].delivered == 1
    assert letter(street).remote_id == "r-1"


def test_a_waiting_letter_holds_up_its_own_incident_only(opened):
    street, case_id = opened
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, VerdictAnswer.REJECTED, "li", "a shadow")
    (first,) = claim(street)
    street.outbox.retry(first.id, "w", "down", 30)
    street.look(street.cover(box=street.ELSEWHERE))
    (other,) = claim(street)
    assert other.incident_id != incident_id
    assert [d.destination for d in claim(street, "county")] == ["county"] * 2
    street.clock.pass_s(31)
    assert [d.id for d in claim(street)] == [first.id]


def test_a_quarantined_letter_holds_up_its_own_incident_until_a_person_acts(opened):
    street, case_id = opened
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, VerdictAnswer.REJECTED, "li", "a shadow")
    (first,) = claim(street)
    assert street.outbox.refused(first, "w", "bad grid", 0, 1) == DeliveryState.QUARANTINED
    street.clock.pass_s(100_000)
    assert claim(street) == ()
    stats = {s.destination: s for s in street.outbox.stats()}
    assert (stats["city"].quarantined, stats["city"].pending) == (1, 1)
    assert (stats["city"].retries, stats["county"].retries) == (1, 0)
    assert stats["city"].last_error == "bad grid"
    gone = street.outbox.discard(first.id, "wang", "told them by telephone")
    assert gone.state == DeliveryState.DISCARDED
    assert gone.last_error == "discarded by wang: told them by telephone"
    assert [d.kind for d in claim(street)] == [LetterKind.VOIDED]


def test_refusals_are_counted_apart_from_other_failures(opened):
    street, _ = opened
    for turn in range(2):
        (row,) = claim(street)
        street.outbox.retry(row.id, "w", "down", 0)
        (row,) = claim(street)
        assert street.outbox.refused(row, "w", "no", 0, 3) == DeliveryState.PENDING
        assert (row.refusals, row.attempts) == (turn, 2 * turn + 1)
    (row,) = claim(street)
    assert street.outbox.refused(row, "w", "no", 0, 3) == DeliveryState.QUARANTINED


def test_redelivery_by_command_uses_the_same_key(opened):
    street, _ = opened
    (row,) = claim(street)
    street.outbox.refused(row, "w", "no", 50, 1)
    again = street.outbox.redeliver(row.id)
    assert (again.state, again.refusals) == (DeliveryState.PENDING, 0)
    (held,) = claim(street)
    assert (held.id, held.idempotency_key, held.record) == (
        row.id,
        row.idempotency_key,
        row.record,
    )
    street.outbox.delivered(row.id, None)
    street.outbox.redeliver(row.id)  # also what was delivered: the receiver lost it
    assert [d.id for d in claim(street)] == [row.id]
    with pytest.raises(NotFoundError):
        street.outbox.redeliver(uuid4())


def test_all_that_one_destination_refused_goes_out_again_by_one_command(opened):
    street, _ = opened
    street.look(street.cover(box=street.ELSEWHERE))
    for name in ("city", "county"):
        for row in claim(street, name):
            street.outbox.refused(row, "w", "no", 50, 1)
    assert street.outbox.redeliver_quarantined("city") == 2
    assert len(claim(street)) == 2
    assert claim(street, "county") == ()


def test_what_was_delivered_is_not_discarded(opened):
    street, _ = opened
    row = letter(street)
    street.outbox.delivered(row.id, None)
    with pytest.raises(ConflictError, match="has been delivered"):
        street.outbox.discard(row.id, "li", "why not")
    assert letter(street).state == DeliveryState.DELIVERED
    with pytest.raises(NotFoundError):
        street.outbox.discard(uuid4(), "li", "")


def test_what_a_person_sets_aside_waits_for_a_person(opened):
    street, case_id = opened
    incident_id = street.queue.get(case_id).incident_id
    street.verdicts.give_verdict(incident_id, VerdictAnswer.REJECTED, "li", "a shadow")
    row = letter(street)
    aside = street.outbox.quarantine(row.id, "wang", "the district asks us to wait")
    assert aside.state == DeliveryState.QUARANTINED
    assert aside.last_error == "set aside by wang: the district asks us to wait"
    street.clock.pass_s(100_000)
    assert claim(street) == ()  # nor the later letter of the same incident
    with pytest.raises(ConflictError, match="only what waits"):
        street.outbox.quarantine(row.id, "wang", "again")
    with pytest.raises(NotFoundError):
        street.outbox.quarantine(uuid4(), "wang", "")
    street.outbox.redeliver(row.id)
    assert [d.id for d in claim(street)] == [row.id]


def test_what_is_set_aside_while_it_is_being_sent_is_delivered_or_stays_aside(opened):
    street, _ = opened
    (held,) = claim(street)
    street.outbox.quarantine(held.id, "wang", "wait")
    street.outbox.retry(held.id, "w", "down", 0)
    assert letter(street).state == DeliveryState.QUARANTINED
    street.outbox.delivered(held.id, "r-1")
    assert letter(street).state == DeliveryState.DELIVERED


def test_a_lease_is_exclusive_and_lapses(opened):
    street, _ = opened
    (held,) = claim(street, worker="dead", lease_s=60)
    assert claim(street, worker="next") == ()
    street.clock.pass_s(61)
    (taken,) = claim(street, worker="next")
    assert taken.idempotency_key == held.idempotency_key
    # What the first one says now no longer counts, except that the destination has it.
    street.outbox.retry(held.id, "dead", "late", 500)
    street.outbox.refused(held, "dead", "late", 0, 1)
    assert letter(street).state == DeliveryState.PENDING
    assert letter(street).last_error is None
    street.outbox.delivered(held.id, "r-9")
    assert letter(street).state == DeliveryState.DELIVERED


def test_what_is_given_back_is_free_at_once(opened):
    street, _ = opened
    (row,) = claim(street)
    street.outbox.give_back(row.id, "someone else")
    assert claim(street) == ()
    street.outbox.give_back(row.id, "w")
    assert [d.attempts for d in claim(street)] == [0]


def test_the_record_is_complete_when_first_sent_and_never_changes_after(opened, stored_file):
    street, case_id = opened
    incident_id = street.queue.get(case_id).incident_id
    files = [
        stored_file("2026/a.jpg"),
        stored_file("2026/a.sealed", variant="sealed"),
        stored_file("2026/c.mp4.sealed", kind="clip", variant="sealed"),
    ]
    with street.database.transaction() as transaction:
        for file in files:
            street.ledger.add(transaction, incident_id, file)
    (row,) = claim(street)
    assert [item["key"] for item in row.record["evidence"]] == ["2026/a.jpg"]
    street.outbox.retry(row.id, "w", "down", 0)
    with street.database.transaction() as transaction:
        street.ledger.add(transaction, incident_id, stored_file("2026/b.jpg"))
    (again,) = claim(street)
    assert again.record == row.record


def test_many_workers_never_share_a_letter(posted_street):
    street = posted_street
    boxes = [replace(street.STALL, x1=0.02 * i, x2=0.02 * i + 0.01) for i in range(40)]
    street.look(*(street.cover(box=box) for box in boxes))
    found: list[object] = []
    lock = threading.Lock()

    def work(worker: str) -> None:
        while rows := claim(street, worker=worker, limit=3):
            with lock:
                found.extend(row.id for row in rows)
            for row in rows:
                street.outbox.delivered(row.id, worker)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # SKIP LOCKED may leave a worker with nothing while another holds the rest.
    work("last")
    assert len(found) == 40
    assert len(set(found)) == 40


def test_statistics_name_every_destination(opened):
    street, _ = opened
    street.clock.pass_s(30)
    city, county = street.outbox.stats()
    assert (city.destination, county.destination) == ("city", "county")
    assert (city.pending, city.oldest_pending_s, city.last_error) == (1, 30, None)
    row = letter(street)
    street.outbox.delivered(row.id, None)
    city, county = street.outbox.stats()
    assert (city.pending, city.delivered, city.oldest_pending_s) == (0, 1, 0)
    street.wire()  # a destination that is no longer configured still has its rows
    assert [s.destination for s in street.outbox.stats()] == ["city", "county"]


def test_the_oldest_that_is_due_goes_first(posted_street):
    street = posted_street
    for i in range(4):
        street.look(street.cover(box=replace(street.STALL, x1=0.2 * i, x2=0.2 * i + 0.05)))
    first, *_ = claim(street, limit=1)
    street.outbox.retry(first.id, "w", "no route", wait_s=30)
    second, *_ = claim(street, limit=4)
    assert second.created_at > first.created_at  # the first waits, and holds up no other
    street.outbox.give_back(second.id, "w")
    street.clock.pass_s(60)
    rows = claim(street, limit=4)
    assert rows[0].id == first.id
    assert [r.created_at for r in rows] == sorted(r.created_at for r in rows)


def test_after_an_outage_all_is_due_but_what_was_refused(posted_street):
    street = posted_street
    for i in range(3):
        street.look(street.cover(box=replace(street.STALL, x1=0.2 * i, x2=0.2 * i + 0.05)))
    tried, refused, held = claim(street, limit=3)
    street.outbox.retry(tried.id, "w", "no route", wait_s=600)
    street.outbox.refused(refused, "w", "unknown grid", wait_s=600, quarantine_after=3)
    assert claim(street) == ()
    assert street.outbox.release("city") == 1
    assert [row.id for row in claim(street)] == [tried.id]
    assert street.outbox.release("city") == 0
    assert held.destination == "city"
