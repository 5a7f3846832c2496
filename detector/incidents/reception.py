"""Takes cases of other instances, each under the identity that it has there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from detector.incidents.case import Case, read_case
from detector.incidents.case_letter import CaseLetter, read_letter
from detector.incidents.case_log import write_case_event
from detector.incidents.case_state import CaseState
from detector.incidents.case_step import locked_case
from detector.incidents.chain import START
from detector.incidents.clearing import mark_cleared
from detector.incidents.component import component_value
from detector.incidents.database import Database
from detector.incidents.dialect import lock_names
from detector.incidents.errors import ConflictError, ReceptionError
from detector.incidents.exchange_config import PeerConfig
from detector.incidents.incident_row import place_values, read_incident
from detector.incidents.journal import IncidentEventKind, write_event
from detector.incidents.letter import LetterKind
from detector.incidents.outbox import Outbox
from detector.incidents.outcome import OutcomeKind
from detector.incidents.received_pictures import ReceivedPictures
from detector.incidents.schema import case_events, cases, incidents, received_cases
from detector.incidents.utc import utc_now
from detector.types import ConfigError, EvidenceStore, IncidentStatus, Posting, VerdictAnswer

_KEY_CHARS: Final = 100
_KINDS: Final = {
    CaseState.REGISTERED: OutcomeKind.ACCEPTED,
    CaseState.FILED: OutcomeKind.ACCEPTED,
    CaseState.DISPATCHED: OutcomeKind.ACCEPTED,
    CaseState.VERIFYING: OutcomeKind.HANDLED,
    CaseState.CLOSED: OutcomeKind.CLOSED,
    CaseState.REFUSED: OutcomeKind.REFUSED,
    CaseState.SENT_BACK: OutcomeKind.REFUSED,
    CaseState.VOID: OutcomeKind.REFUSED,
}
"""What our steps mean to the instance that sent the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a letter; `id` is the case's, here as there."""

    id: UUID
    number: str
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOutcome:
    """One of our steps, for the instance that sent the case; `key` is the same when it is told
    again."""

    case_id: UUID
    outcome: OutcomeKind
    key: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCase:
    """Where a case came from."""

    peer: str
    last_key: str
    received_at: datetime
    evidence: tuple[dict[str, Any], ...]  # as the sender lists it; with `url` where it links


class ReceptionDesk:
    """Each letter is taken once, in one transaction with everything that follows from it.

    A case keeps its id, number, incident and idempotency key, and goes on to those of our
    destinations that have not had it. One that came from here, or by another way already, is
    answered with ConflictError (HTTP 409), which a sender counts as delivered: it can neither
    circle nor become a second one.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        store: EvidenceStore,
        instance: str | None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._instance = instance
        self._clock = clock
        self._pictures = ReceivedPictures(store, clock)

    def has_picture(self, case_id: UUID, sha256: str) -> bool:
        return self._pictures.has(case_id, sha256)

    def put_picture(self, case_id: UUID, sha256: str, data: bytes) -> None:
        """Keeps a picture until the letter that names it; repeatable. Raises ReceptionError for
        other bytes than the name says, DiskFull."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ReceptionError("the picture's bytes do not have this sha256")
        self._pictures.put(case_id, sha256, data)

    def take(self, data: Any, peer: PeerConfig, key: str) -> Receipt:
        """Raises ReceptionError for a record that cannot be taken, and ConflictError for a case
        that is ours or came by another way."""
        letter = read_letter(data)
        if not 0 < len(key) <= _KEY_CHARS:
            raise ReceptionError(f"an idempotency key has 1 to {_KEY_CHARS} characters")
        if self._instance in letter.path:
            raise ConflictError(f"case {letter.number} has been here: {' > '.join(letter.path)}")
        if not peer.may_send_from(letter.area):
            raise ReceptionError(f"{peer.name} sends no cases from {letter.area or 'no grid'}")
        with self._database.transaction() as transaction:
            lock_names(transaction, [f"received:{letter.case_id}"])
            if not self._known(transaction, letter, peer):
                self._open(transaction, letter, peer, key)
            elif not self._update(transaction, letter, peer, key):
                return Receipt(id=letter.case_id, number=letter.number, repeated=True)
            self._pictures.record(transaction, letter)
            self._pass_on(transaction, letter, key)
        return Receipt(id=letter.case_id, number=letter.number, repeated=False)

    def outcomes(self, peer: PeerConfig, case_ids: Sequence[UUID]) -> tuple[SentOutcome, ...]:
        """Our steps with those of these cases that the peer sent us, oldest first."""
        query = (
            select(case_events)
            .join(received_cases, received_cases.c.case_id == case_events.c.case_id)
            .where(
                received_cases.c.peer == peer.name,
                case_events.c.case_id.in_(list(case_ids)),
                case_events.c.actor != _actor(peer),
                case_events.c.to_state.in_([state.value for state in _KINDS]),
            )
            .order_by(case_events.c.id)
        )
        with self._database.reading() as transaction:
            rows = list(transaction.execute(query).mappings())
        return tuple(self._outcome(row) for row in rows)

    def source_of(self, case_id: UUID) -> ReceivedCase | None:
        """None: the case is our own."""
        query = select(received_cases).where(received_cases.c.case_id == case_id)
        with self._database.reading() as transaction:
            row = transaction.execute(query).mappings().first()
        if row is None:
            return None
        names = ("peer", "last_key", "received_at")
        return ReceivedCase(evidence=tuple(row["evidence"]), **{n: row[n] for n in names})

    def _outcome(self, row: Any) -> SentOutcome:
        state = CaseState(row["to_state"])
        reason = row["note"] or f"{state.label} ({row['actor']})"
        return SentOutcome(
            case_id=row["case_id"],
            outcome=_KINDS[state],
            key=f"{self._instance}:{row['id']}",
            reason=reason,
            at=row["at"],
        )

    def _known(self, transaction: Connection, letter: CaseLetter, peer: PeerConfig) -> bool:
        query = (
            select(cases.c.id, received_cases.c.peer)
            .outerjoin(received_cases, received_cases.c.case_id == cases.c.id)
            .where(cases.c.id == letter.case_id)
        )
        row = transaction.execute(query).first()
        if row is None:
            return False
        if row.peer != peer.name:
            raise ConflictError(f"case {letter.number} is here already, from {row.peer or 'here'}")
        return True

    def _open(
        self, transaction: Connection, letter: CaseLetter, peer: PeerConfig, key: str
    ) -> None:
        _demand_free(transaction, letter)
        now, place = self._clock(), letter.place_at(peer.name)
        try:
            values = {**place_values(place), **_incident_values(letter)}
        except ConfigError as error:
            raise ReceptionError(f"place: {error}") from error
        transaction.execute(insert(incidents).values(**values))
        actor = _actor(peer)
        text = f"received as case {letter.number}"
        write_event(
            transaction, letter.incident_id, IncidentEventKind.OPENED, letter.opened_at, text, actor
        )
        state = CaseState.VOID if letter.kind == LetterKind.VOIDED else CaseState.REPORTED
        transaction.execute(
            insert(cases).values(
                id=letter.case_id,
                number=letter.number,
                incident_id=letter.incident_id,
                violation=letter.violation,
                source_id=place.source_id,
                state=state.value,
                grid=letter.grid,
                opened_at=now,
                updated_at=now,
                ended_at=now if state.finished else None,
                version=1,
                letters=0,
                component=component_value(letter.case_component),
                path=list(letter.path) if letter.path else [peer.name],
                **_content(letter),
            )
        )
        transaction.execute(
            insert(received_cases).values(
                case_id=letter.case_id,
                peer=peer.name,
                last_seq=letter.seq,
                last_key=key,
                evidence=_listed(letter),
                received_at=now,
            )
        )
        write_case_event(
            transaction, letter.case_id, now, "received", actor=actor, note=text, to_state=state
        )

    def _update(
        self, transaction: Connection, letter: CaseLetter, peer: PeerConfig, key: str
    ) -> bool:
        """False where this letter, or a later one, was taken before."""
        case = locked_case(transaction, letter.case_id)
        mine = received_cases.c.case_id == letter.case_id
        last = transaction.execute(select(received_cases.c.last_seq).where(mine)).scalar_one()
        if letter.seq <= last:
            return False
        values = {"last_seq": letter.seq, "last_key": key, "evidence": _listed(letter)}
        transaction.execute(update(received_cases).where(mine).values(**values))
        self._follow_incident(transaction, letter, _actor(peer))
        self._follow_case(transaction, case, letter, _actor(peer))
        return True

    def _follow_incident(self, transaction: Connection, letter: CaseLetter, actor: str) -> None:
        if letter.kind == LetterKind.CLEARED:
            at = letter.cleared_at or letter.at
            text = "cleared, as its instance says"
            mark_cleared(transaction, letter.incident_id, at, text, actor)
            return
        values = _follows(letter)
        transaction.execute(
            update(incidents).where(incidents.c.id == letter.incident_id).values(**values)
        )
        if letter.kind == LetterKind.REOPENED:
            write_event(
                transaction,
                letter.incident_id,
                IncidentEventKind.REOPENED,
                letter.at,
                "seen again, as its instance says",
                actor,
            )

    def _follow_case(
        self, transaction: Connection, case: Case, letter: CaseLetter, actor: str
    ) -> None:
        now, state = self._clock(), _state_after(case.state, letter.kind)
        values: dict[str, Any] = _content(letter)
        moved: dict[str, Any] = {}
        if state != case.state:
            values |= {"state": state.value, "ended_at": now if state.finished else None}
            values |= {"worker": None, "lease_until": None}
            moved = {"from_state": case.state, "to_state": state}
        transaction.execute(
            update(cases)
            .where(cases.c.id == case.id)
            .values(**values, updated_at=now, version=cases.c.version + 1)
        )
        write_case_event(transaction, case.id, now, str(letter.kind), actor=actor, **moved)

    def _pass_on(self, transaction: Connection, letter: CaseLetter, key: str) -> None:
        case = read_case(transaction, letter.case_id)
        incident = read_incident(transaction, letter.incident_id)
        self._outbox.post(transaction, case, incident, letter.kind, key)


def _actor(peer: PeerConfig) -> str:
    return f"instance {peer.name}"


def _state_after(state: CaseState, kind: LetterKind) -> CaseState:
    if kind == LetterKind.REOPENED and state == CaseState.CLOSED:
        return CaseState.SENT_BACK
    if kind == LetterKind.VOIDED and not state.finished:
        return CaseState.VOID
    return state


def _demand_free(transaction: Connection, letter: CaseLetter) -> None:
    number = select(cases.c.id).where(cases.c.number == letter.number)
    if transaction.execute(number).first() is not None:
        raise ReceptionError(
            f"number {letter.number} belongs to another case here: give the sender a "
            "cases.number_prefix of its own"
        )
    known = select(incidents.c.id).where(incidents.c.id == letter.incident_id)
    if transaction.execute(known).first() is not None:
        raise ConflictError(f"incident {letter.incident_id} is here already")


def _content(letter: CaseLetter) -> dict[str, Any]:
    return {
        "subtype": letter.subtype,
        "urgent": letter.urgent,
        "code_kind": letter.code_kind,
        "code": letter.code,
        "code_table_version": letter.code_table_version,
        "description": letter.description,
    }


def _listed(letter: CaseLetter) -> list[dict[str, Any]]:
    return [picture.model_dump(mode="json") for picture in letter.evidence]


def _follows(letter: CaseLetter) -> dict[str, Any]:
    """What of an incident changes with its letters."""
    open_still = letter.cleared_at is None
    return {
        "subtype": letter.subtype,
        "class_name": letter.class_name,
        "urgent": letter.urgent,
        "status": (IncidentStatus.OPEN if open_still else IncidentStatus.CLEARED).value,
        "verdict": letter.verdict.answer.value,
        "last_seen_at": letter.last_seen_at,
        "cleared_at": letter.cleared_at,
        "reopened": letter.reopened,
        "reason": letter.description,
    }


def _incident_values(letter: CaseLetter) -> dict[str, Any]:
    judged = letter.verdict.answer != VerdictAnswer.PENDING
    return {
        **_follows(letter),
        "id": letter.incident_id,
        "violation": letter.violation,
        "posting": (Posting.AFTER_VERDICT if judged else Posting.AT_ONCE).value,
        "score": 1.0,  # the sender judged it; a record carries no score
        "first_seen_at": letter.first_seen_at,
        "opened_at": letter.opened_at,
        "coverage_text": "",
        "rule_version": letter.rule_version,
        "model_sha256": list(letter.model_sha256),
        "clock": "wall",
        "absent_looks": 0,
        "absent_s": 0.0,
        "evidence_count": 0,
        "evidence_head": START,
    }
