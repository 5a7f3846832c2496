"""What is deleted when, what is held, and that it is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from detector.evidence import MemoryStore
from detector.incidents import (
    CaseState,
    ChainVerifier,
    IncidentFilter,
    NotFoundError,
    Retention,
    RetentionConfig,
    is_processed,
    load_presence,
    mark_processed,
    save_presence,
)
from detector.incidents.retention_class import RetentionClass, retention_class
from detector.incidents.schema import case_events, cases, deliveries, evidence, verdicts
from detector.types import Position, VerdictAnswer

CONFIG = RetentionConfig(
    frames_h=1,
    shown_days=300,
    sealed_days=30,
    clips_days=60,
    finished_cases_days=1000,
    incidents_without_case_days=400,
    presence_h=72,
    processed_days=180,
    delivered_days=20,
)
FILES = {
    "2026/11/24/i/1-shown.jpg": ("first", "shown"),
    "2026/11/24/i/1-clean.jpg": ("first", "clean"),
    "2026/11/24/i/1.jpg.sealed": ("first", "sealed"),
    "2026/11/24/i/2.mp4.sealed": ("clip", "sealed"),
}
WAY = ("registered", "filed", "dispatched", "handling", "verifying", "closed")


class BadDisk(MemoryStore):
    """Does not let go of some files."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck: set[str] = set()

    def delete(self, key: str) -> bool:
        if key in self.stuck:
            raise PermissionError(key)
        return super().delete(key)


@pytest.fixture
def store():
    return BadDisk()


@pytest.fixture
def keep(street, store):
    """Enforces so many days after the start; the class's counts that are not 0."""
    retention = Retention(street.database, store, CONFIG)

    def enforce(days: float = 0, hours: float = 0):
        now = street.START + timedelta(days=days, hours=hours)
        report = retention.enforce(now)
        return {kind.value: n for kind, n in report.deleted.items() if n}

    return enforce


def with_files(street, store, stored_file, incident_id, files=None):
    with street.database.transaction() as transaction:
        for key, (kind, variant) in (files or FILES).items():
            store.put(key, b"picture")
            street.ledger.add(
                transaction, incident_id, stored_file(key, kind=kind, variant=variant)
            )


def cleared(street, store, stored_file, answer=None):
    (incident,) = street.look(street.finding()).opened
    with_files(street, store, stored_file, incident.id)
    if answer:
        street.verdicts.give_verdict(incident.id, answer, "li", "because")
    street.leave()
    return street.queries.incident(incident.id)


def close(street, case_id):
    for to in WAY:
        street.queue.change_state(case_id, CaseState(to), "li")


def test_each_class_goes_in_its_time_and_the_chain_still_holds(street, store, stored_file, keep):
    incident = cleared(street, store, stored_file)
    assert keep(days=29) == {}
    assert keep(days=31) == {"sealed": 1}
    assert keep(days=59) == {}
    assert keep(days=61) == {"clip": 1}
    assert sorted(store.keys()) == ["2026/11/24/i/1-clean.jpg", "2026/11/24/i/1-shown.jpg"]
    assert keep(days=301) == {"shown": 2}
    assert list(store.keys()) == []
    report = ChainVerifier(street.database, store).verify(incident.id)
    assert report.intact
    assert (report.rows, report.files_deleted) == (4, 4)
    logged = street.queries.deletions()
    assert {(d.data_class, d.subject) for d in logged} == {
        ("shown", "2026/11/24/i/1-shown.jpg"),
        ("shown", "2026/11/24/i/1-clean.jpg"),
        ("sealed", "2026/11/24/i/1.jpg.sealed"),
        ("clip", "2026/11/24/i/2.mp4.sealed"),
    }
    assert all(str(incident.id) in d.detail for d in logged)


def test_frames_go_in_minutes_whatever_the_incident(street, store, stored_file, keep):
    (incident,) = street.look(street.finding()).opened
    with_files(street, store, stored_file, incident.id, {"f.jpg": ("frame", "shown")})
    assert keep(hours=0.9) == {}
    assert keep(hours=1.1) == {"frame": 1}


def test_evidence_of_an_open_incident_or_an_unfinished_case_is_held(
    street, store, stored_file, keep
):
    (incident,) = street.look(street.finding()).opened
    with_files(street, store, stored_file, incident.id)
    assert keep(days=5000) == {}
    case_id = street.verdicts.give_verdict(incident.id, VerdictAnswer.CONFIRMED, "li").case_id
    street.leave()
    assert keep(days=5000) == {}
    close(street, case_id)
    assert keep(days=31) == {"sealed": 1}
    assert keep(days=999) == {"clip": 1, "shown": 2}
    assert keep(days=1001) == {"case": 1}


def test_a_finished_case_goes_whole_and_leaves_a_line(street, store, stored_file, keep):
    incident = cleared(street, store, stored_file, VerdictAnswer.CONFIRMED)
    case = street.queue.get(incident.case_id)
    close(street, case.id)
    assert keep(days=1001)["case"] == 1
    with pytest.raises(NotFoundError):
        street.queries.incident(incident.id)
    with street.database.reading() as transaction:
        for table in (cases, case_events, verdicts, evidence, deliveries):
            assert transaction.execute(select(table)).first() is None
    assert list(store.keys()) == []
    (line,) = [d for d in street.queries.deletions() if d.data_class == "case"]
    assert line.subject == case.number
    assert line.detail.startswith("evidence head ")


def test_what_never_became_a_case_goes_sooner(street, store, stored_file, keep):
    rejected = cleared(street, store, stored_file, VerdictAnswer.REJECTED)
    assert keep(days=399) == {"sealed": 1, "clip": 1, "shown": 2}
    assert keep(days=401) == {"incident": 1}
    assert street.queries.incidents(IncidentFilter()).items == ()
    assert street.queries.deletions(1)[0].subject == f"incident {rejected.id}"


def test_an_incident_of_a_passing_car_counts_from_when_it_was_seen_last(
    street, store, stored_file, keep
):
    position = Position(x=119.2, y=34.6, error_radius_m=5)
    finding = street.finding(position=position, source_id="car")
    (incident,) = street.look(finding, source_id="car").opened
    with_files(street, store, stored_file, incident.id)
    assert keep(days=29) == {}
    assert keep(days=31) == {"sealed": 1}
    # Seen again by a later pass, it is not old.
    street.look(finding, source_id="car", step_s=390 * 86400)
    assert "incident" not in keep(days=401)
    assert keep(days=791) == {"clip": 1, "shown": 2, "incident": 1}


def test_letters_that_wait_hold_their_case(posted_street, store, stored_file):
    street = posted_street
    incident = cleared(street, store, stored_file, VerdictAnswer.CONFIRMED)
    close(street, incident.case_id)
    (city, *_) = street.outbox.claim("city", "w", 60, 1)
    street.outbox.refused(city, "w", "no", 0, 1)
    retention = Retention(street.database, store, CONFIG)
    late = street.START + timedelta(days=2000)
    assert retention.enforce(late).deleted[RetentionClass.CASE] == 0
    for row in street.queries.deliveries().items:
        street.outbox.discard(row.id, "li", "that platform is gone")
    assert retention.enforce(late).deleted[RetentionClass.CASE] == 1


def test_delivered_letters_go_and_waiting_ones_stay(posted_street, store):
    street = posted_street
    street.look(street.cover())
    street.look(street.cover(box=street.ELSEWHERE))
    first, second = street.outbox.claim("city", "w", 60, 2)
    street.outbox.delivered(first.id, "1")
    street.outbox.refused(second, "w", "no", 0, 1)
    (third, fourth) = street.outbox.claim("county", "w", 60, 2)
    street.outbox.discard(third.id, "li", "told by telephone")
    retention = Retention(street.database, store, CONFIG)
    assert retention.enforce(street.START + timedelta(days=19)).deleted["delivery"] == 0
    assert retention.enforce(street.START + timedelta(days=21)).deleted["delivery"] == 2
    assert {d.id for d in street.queries.deliveries().items} == {second.id, fourth.id}
    assert street.queries.deletions(1)[0].subject == "2 rows"


def test_presence_and_marks_of_pictures_go_in_time(street, keep):
    with street.database.transaction() as transaction:
        save_presence(transaction, "cam", {}, street.START)
        mark_processed(transaction, "k", "cam", street.START)
    assert keep(hours=71) == {}
    assert keep(hours=73) == {"presence": 1}
    assert keep(days=181) == {"processed": 1}
    with street.database.reading() as transaction:
        assert load_presence(transaction, "cam") is None
        assert not is_processed(transaction, "k")


def test_none_keeps_for_ever(street, store, stored_file):
    cleared(street, store, stored_file, VerdictAnswer.REJECTED)
    nothing = RetentionConfig(**dict.fromkeys(RetentionConfig.model_fields))
    report = Retention(street.database, store, nothing).enforce(
        street.START + timedelta(days=40_000)
    )
    assert not any(report.deleted.values())


def test_a_file_that_cannot_be_deleted_is_named_and_stops_nothing(street, store, stored_file, keep):
    cleared(street, store, stored_file, VerdictAnswer.REJECTED)
    store.stuck = {"2026/11/24/i/1-clean.jpg"}
    retention = Retention(street.database, store, CONFIG)
    report = retention.enforce(street.START + timedelta(days=401))
    assert set(report.failed_keys) == store.stuck
    assert report.deleted["sealed"] == 1
    assert report.deleted["incident"] == 0
    store.stuck = set()
    assert keep(days=402) == {"shown": 1, "incident": 1}


def test_a_crash_between_file_and_row_is_made_good_by_the_next_run(
    street, store, stored_file, keep
):
    cleared(street, store, stored_file)
    store.delete("2026/11/24/i/1.jpg.sealed")  # as if the run had been killed right after
    assert keep(days=31) == {"sealed": 1}


def test_many_files_go_in_batches(street, store, stored_file, keep):
    (incident,) = street.look(street.finding()).opened
    files = {f"2026/11/24/i/{i}.jpg": ("last", "shown") for i in range(450)}
    with_files(street, store, stored_file, incident.id, files)
    street.leave()
    assert keep(days=301) == {"shown": 450}


def test_a_file_without_a_row_goes_once_it_is_surely_nobody_s(street, store, stored_file, keep):
    cleared(street, store, stored_file)
    store.put("2026/11/24/i/9-shown.jpg", b"a kill came before the commit")
    store.put("first/cam/x.sealed", b"kept by another keeper")
    assert keep(hours=0) == {}
    assert keep(hours=0.9) == {}  # it may be a look in hand
    with_files(
        street,
        store,
        stored_file,
        street.queries.incidents().items[0].id,
        {"2026/11/24/i/10-shown.jpg": ("after", "shown")},
    )
    assert keep(hours=1) == {"orphan": 1}
    kept = set(store.keys())
    assert "2026/11/24/i/9-shown.jpg" not in kept
    assert {*FILES, "first/cam/x.sealed", "2026/11/24/i/10-shown.jpg"} <= kept
    line = street.queries.deletions(1)[0]
    assert (line.data_class, line.subject) == ("orphan", "2026/11/24/i/9-shown.jpg")


def test_an_incident_that_comes_back_during_the_run_is_not_deleted(street, store, stored_file):
    incident = cleared(street, store, stored_file)
    street.at += timedelta(days=401)

    class Seeing(MemoryStore):
        def delete(self, key):
            if "shown" in key:
                with street.database.transaction() as transaction:
                    from detector.incidents.schema import incidents

                    transaction.execute(incidents.update().values(status="open", cleared_at=None))
            return True

    config = replace_config(shown_days=None)
    report = Retention(street.database, Seeing(), config).enforce(street.at)
    assert report.deleted["incident"] == 0
    assert street.queries.incident(incident.id).cleared_at is None


def replace_config(**values):
    return CONFIG.model_copy(update=values)


@pytest.mark.parametrize(
    ("kind", "variant", "expected"),
    [
        ("first", "shown", "shown"),
        ("after", "clean", "shown"),
        ("last", "sealed", "sealed"),
        ("first", "something new", "sealed"),
        ("clip", "sealed", "clip"),
        ("frame", "shown", "frame"),
    ],
)
def test_what_class_a_file_is_of(kind, variant, expected):
    assert retention_class(kind, variant) == expected
