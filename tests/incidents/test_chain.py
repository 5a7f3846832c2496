"""The evidence chain finds what was changed, taken out, added or cut off."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, update

from detector.evidence import MemoryStore
from detector.incidents import ChainFaultKind, ChainVerifier, NotFoundError
from detector.incidents.chain import chain_hash
from detector.incidents.evidence_row import evidence_of
from detector.incidents.schema import deletions, evidence, incidents

Kind = ChainFaultKind


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def incident(street, store, stored_file):
    """An open incident with three pictures and a clip."""
    (opened,) = street.look(street.finding()).opened
    add(street, store, stored_file, opened.id, "a.jpg", "b.jpg", "c.jpg")
    with street.database.transaction() as transaction:
        store.put("d.mp4", b"film")
        clip = stored_file(
            "d.mp4",
            kind="clip",
            variant="sealed",
            sha256=hashlib.sha256(b"film").hexdigest(),
            ends_at=street.at + timedelta(seconds=7, microseconds=123456),
        )
        street.ledger.add(transaction, opened.id, clip)
    return opened


def add(street, store, stored_file, incident_id, *keys):
    with street.database.transaction() as transaction:
        for key in keys:
            store.put(key, b"picture")
            street.ledger.add(transaction, incident_id, stored_file(key))


def faults(street, incident, store=None):
    report = ChainVerifier(street.database, store).verify(incident.id)
    assert report.intact is (not report.faults)
    return [(fault.seq, fault.kind) for fault in report.faults]


def change(street, statement):
    with street.database.transaction() as transaction:
        transaction.execute(statement)


def row(street, incident, seq):
    return street.queries.evidence(incident.id)[seq - 1]


def test_what_was_not_touched_is_intact(street, incident, store):
    report = ChainVerifier(street.database, store).verify(incident.id)
    assert report.intact
    assert (report.rows, report.files_checked, report.files_deleted) == (4, 4, 0)
    first, second, *_ = street.queries.evidence(incident.id)
    assert first.previous_hash == "0" * 64
    assert second.previous_hash == first.chain_hash
    assert first.rule_version == "vendor-1"
    assert first.model_sha256 == ("ab" * 32,)


def test_an_incident_without_evidence_is_intact_and_an_unknown_one_is_named(street):
    (opened,) = street.look(street.finding()).opened
    assert faults(street, opened) == []
    with pytest.raises(NotFoundError):
        ChainVerifier(street.database).verify(uuid4())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "after"),
        ("variant", "clean"),
        ("key", "other.jpg"),
        ("sha256", "00" * 32),
        ("size_bytes", 8),
        ("media_type", "image/png"),
        ("clock", "exif"),
        ("rule_version", "vendor-2"),
        ("model_sha256", ["cd" * 32]),
        ("previous_hash", "11" * 32),
        ("chain_hash", "22" * 32),
    ],
)
def test_every_field_is_under_the_hash(street, incident, column, value):
    change(street, update(evidence).where(evidence.c.seq == 2).values({column: value}))
    found = faults(street, incident)
    assert (2, Kind.CHANGED_ROW) in found
    # Only a changed hash breaks the next link as well.
    assert len(found) == (2 if column == "chain_hash" else 1)


@pytest.mark.parametrize("column", ["captured_at", "ends_at"])
def test_a_time_moved_by_a_microsecond_is_found(street, incident, column):
    value = (getattr(row(street, incident, 4), column)) + timedelta(microseconds=1)
    change(street, update(evidence).where(evidence.c.seq == 4).values({column: value}))
    assert faults(street, incident) == [(4, Kind.CHANGED_ROW)]


@pytest.mark.parametrize(("seq", "broken"), [(2, 3), (4, 4)])
def test_a_row_hashed_anew_breaks_the_next_link_or_the_head(street, incident, seq, broken):
    forged = replace(row(street, incident, seq), sha256="00" * 32)
    values = {"sha256": forged.sha256, "chain_hash": chain_hash(forged)}
    change(street, update(evidence).where(evidence.c.seq == seq).values(values))
    assert faults(street, incident) == [(broken, Kind.CHANGED_ROW)]


@pytest.mark.parametrize("seqs", [[1], [2, 3], [4], [1, 2, 3, 4]])
def test_rows_taken_out_are_missed_also_at_the_end(street, incident, seqs):
    change(street, delete(evidence).where(evidence.c.seq.in_(seqs)))
    assert faults(street, incident) == [(seq, Kind.MISSING_ROW) for seq in seqs]


def test_a_row_added_behind_the_head_is_found(street, incident):
    last = row(street, incident, 4)
    values = {name: getattr(last, name) for name in type(last).__slots__}
    values |= {"id": uuid4(), "seq": 5, "key": "e.jpg", "previous_hash": last.chain_hash}
    values["model_sha256"] = list(last.model_sha256)
    values["chain_hash"] = chain_hash(evidence_of(values))
    change(street, insert(evidence).values(**values))
    assert faults(street, incident) == [(5, Kind.ADDED_ROW)]


def test_rows_of_two_incidents_are_not_exchanged(street, incident, store, stored_file):
    (other,) = street.look(street.finding(), street.finding(box=street.ELSEWHERE)).opened
    add(street, store, stored_file, other.id, "x.jpg")
    assert faults(street, other, store) == []
    change(street, delete(evidence).where(evidence.c.incident_id == other.id))
    moved = update(evidence).where(evidence.c.seq == 1).values(incident_id=other.id)
    change(street, moved)
    assert (1, Kind.CHANGED_ROW) in faults(street, other)
    assert (1, Kind.MISSING_ROW) in faults(street, incident)


def test_changed_and_missing_files_are_found(street, incident, store):
    store.delete("a.jpg")
    store.delete("c.jpg")
    store.put("c.jpg", b"another picture")
    assert faults(street, incident, store) == [(1, Kind.MISSING_FILE), (3, Kind.CHANGED_FILE)]
    assert faults(street, incident) == []  # rows only


def test_a_file_called_deleted_without_a_log_is_found(street, incident, store):
    at = street.clock()
    store.delete("b.jpg")
    change(street, update(evidence).where(evidence.c.seq == 2).values(deleted_at=at))
    assert faults(street, incident, store) == [(2, Kind.UNLOGGED_DELETION)]
    logged = {"at": at, "data_class": "shown", "subject": "b.jpg", "detail": ""}
    change(street, insert(deletions).values(**logged))
    report = ChainVerifier(street.database, store).verify(incident.id)
    assert report.intact
    assert (report.files_checked, report.files_deleted) == (3, 1)


def test_evidence_of_an_unknown_incident_is_not_recorded(street, stored_file):
    with street.database.transaction() as transaction, pytest.raises(NotFoundError):
        street.ledger.add(transaction, uuid4(), stored_file("a.jpg"))


def test_an_undone_look_leaves_the_chain_whole(street, incident, store, stored_file):
    def killed() -> None:
        with street.database.transaction() as transaction:
            street.ledger.add(transaction, incident.id, stored_file("e.jpg"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        killed()
    assert faults(street, incident, store) == []
    add(street, store, stored_file, incident.id, "f.jpg")
    assert faults(street, incident, store) == []
    head = select(incidents.c.evidence_count).where(incidents.c.id == incident.id)
    with street.database.reading() as transaction:
        assert transaction.execute(head).scalar() == 5
