"""Asks another Xunjie instance what became of the cases that it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from detector.incidents.outcome import OutcomeKind
from detector.incidents.sinks.http_call import HttpCaller
from detector.incidents.sinks.remote_outcome import Awaited, OutcomeBook, RemoteOutcome
from detector.types import DeliveryUnavailable

_A_CALL: Final = 40


class _Told(BaseModel):
    case_id: str
    outcome: OutcomeKind
    key: str
    reason: str = ""
    at: AwareDatetime | None = None


_ANSWER: Final = TypeAdapter(list[_Told])


class InstanceOutcomes:
    """OutcomeFetcher: GET with `case_id` for each case that is awaited, forty a call."""

    def __init__(self, caller: HttpCaller, url: str, headers: dict[str, str], name: str) -> None:
        self._caller = caller
        self._url = url
        self._headers = headers
        self._name = name
        self._taken: set[str] = set()  # spares the database; it knows them anyway

    def fetch(self, awaited: Sequence[Awaited], book: OutcomeBook) -> None:
        """Raises DeliveryUnavailable or DeliveryRefused."""
        for start in range(0, len(awaited), _A_CALL):
            some = {str(one.case_id): one for one in awaited[start : start + _A_CALL]}
            for told in self._ask(list(some)):
                if told.case_id in some and told.key not in self._taken:
                    book.take(_outcome(told, some[told.case_id]))
                    self._taken.add(told.key)

    def close(self) -> None:
        self._caller.close()

    def _ask(self, case_ids: list[str]) -> list[_Told]:
        request: dict[str, Any] = {"params": {"case_id": case_ids}, "headers": self._headers}
        answer = self._caller.call("GET", self._url, **request)
        self._caller.demand_success(answer)
        try:
            return _ANSWER.validate_python(answer.json())
        except ValidationError as error:
            text = f"{self._name}: not an answer of an instance: {answer.text[:200]}"
            raise DeliveryUnavailable(text) from error


def _outcome(told: _Told, awaited: Awaited) -> RemoteOutcome:
    return RemoteOutcome(
        case_id=awaited.case_id,
        kind=told.outcome,
        key=told.key,
        reason=told.reason,
        remote_id=awaited.remote_id,
        at=told.at,
    )
