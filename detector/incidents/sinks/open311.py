"""Cases as service requests of Open311 GeoReport v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, HttpUrl

from detector.geometry.ground import lon_lat_deg
from detector.incidents.outcome import OutcomeKind
from detector.incidents.sinks.http_call import ERROR_CHARS, HttpCaller, HttpSinkConfig, linked
from detector.incidents.sinks.remote_outcome import Awaited, OutcomeBook, RemoteOutcome
from detector.incidents.sinks.secret import read_secret
from detector.types import DeliveryRefused, DeliveryUnavailable, Position

KIND: Final = "open311"
_TOLD: Final = frozenset({"opened", "reopened"})
_RECEIPT: Final = "token:"  # the protocol's word for: the id will be known later
_DESCRIPTION_CHARS: Final = 4000
_IDS_A_CALL: Final = 50
_MOST_BYTES: Final = 8 * 1024 * 1024  # a list of up to 1000 requests
_SKEW: Final = timedelta(minutes=10)  # of the two clocks


class Config(HttpSinkConfig):
    """One GeoReport v2 server."""

    kind: Literal["open311"] = KIND
    url: HttpUrl
    """The base that `requests.json` is added to, e.g. https://city.example/open311/v2/"""

    jurisdiction_id: str | None = Field(default=None, min_length=1)
    api_key_env: str | None = Field(default=None, min_length=1)
    api_key_file: Path | None = None
    service_codes: Mapping[str, str] = {}
    """The server's codes by "violation/subtype" or "violation"; others take the case's own."""

    addresses: Mapping[str, str] = {}
    """Address by source, for fixed cameras whose position on the ground is not known."""

    media_base_url: HttpUrl | None = None
    """The newest picture is linked as this URL, a slash and its key."""

    look_first: bool = True
    """Before a letter is posted again, ask whether a request has its key: the protocol knows no
    idempotency key, so an answer that was lost would otherwise make a second request."""

    refusal_words: frozenset[str] = frozenset({"不予受理", "rejected", "refused"})
    """A closed request whose status notes hold one of these was refused."""


class Open311Sink:
    """CaseSink over GeoReport v2, form-encoded.

    A case is posted when it is opened and, as a new request, when it is raised again; GeoReport
    has no call for other changes, whose letters count as delivered without a request. The remote
    id is the service_request_id, or `token:` and the token that the server gave for it.
    """

    def __init__(self, config: Config, name: str) -> None:
        self._api = GeoReport(config, name)
        self._config = config
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """Raises DeliveryUnavailable, RetryLaterError or DeliveryRefused."""
        if record["kind"] not in _TOLD:
            return None
        form = self._form(record, idempotency_key)
        return _given_id(self._api.post("requests.json", form), self._name)

    def deliver_again(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """The same for a letter that may have been posted before."""
        if record["kind"] in _TOLD and self._config.look_first:
            code = self._form(record, idempotency_key)["service_code"]
            known = self._known(code, record["at"], idempotency_key)
            if known is not None:
                return known
        return self.deliver(record, idempotency_key=idempotency_key)

    def close(self) -> None:
        self._api.close()

    def _form(self, record: dict[str, Any], key: str) -> dict[str, str]:
        codes = self._config.service_codes
        violation = record["violation"]
        code = codes.get(f"{violation}/{record['subtype']}") or codes.get(violation)
        code = code or record["code"]
        if not code:
            raise DeliveryRefused(f"{self._name}: service_codes has none for {violation!r}")
        mark = f"\n{record['number']} [{key}]"
        form = {
            "service_code": code,
            "description": record["description"][: _DESCRIPTION_CHARS - len(mark)] + mark,
            **self._where(record),
        }
        if self._config.media_base_url is not None and record["evidence"]:
            form["media_url"] = linked(record, self._config.media_base_url)["evidence"][-1]["url"]
        return form

    def _where(self, record: dict[str, Any]) -> dict[str, str]:
        position = record["place"]["position"]
        if position is not None:
            lon, lat = lon_lat_deg(Position(**position))
            return {"lat": f"{lat:.7f}", "long": f"{lon:.7f}"}
        address = self._config.addresses.get(record["source_id"])
        if address is None:
            raise DeliveryRefused(
                f"{self._name}: {record['source_id']} has neither a position nor an entry in "
                "addresses"
            )
        return {"address_string": address}

    def _known(self, service_code: str, at: str, key: str) -> str | None:
        """The id of the request that an earlier attempt made, if one did."""
        span = {
            "service_code": service_code,
            "start_date": _stamp(datetime.fromisoformat(at) - _SKEW),
            "end_date": _stamp(datetime.now(UTC) + _SKEW),
        }
        for request in self._api.get("requests.json", span):
            if f"[{key}]" in str(request.get("description")):
                return _given_id([request], self._name)
        return None


class Open311Fetcher:
    """Asks for the status of requests, up to 50 a call, and for the ids behind tokens."""

    def __init__(self, config: Config, name: str) -> None:
        self._api = GeoReport(config, name)
        self._words = config.refusal_words

    def fetch(self, awaited: Sequence[Awaited], book: OutcomeBook) -> None:
        known = {a.remote_id: a for a in awaited if not a.remote_id.startswith(_RECEIPT)}
        for one in awaited:
            if one.remote_id.startswith(_RECEIPT):
                remote_id = self._behind(one.remote_id.removeprefix(_RECEIPT))
                if remote_id is not None:
                    book.rename(one.delivery_id, remote_id)
                    known[remote_id] = one
        ids = list(known)
        for start in range(0, len(ids), _IDS_A_CALL):
            asked = ",".join(ids[start : start + _IDS_A_CALL])
            for request in self._api.get("requests.json", {"service_request_id": asked}):
                meant = known.get(str(request.get("service_request_id")))
                if meant is not None:
                    self._take(meant, request, book)

    def close(self) -> None:
        self._api.close()

    def _behind(self, token: str) -> str | None:
        for answer in self._api.get(f"tokens/{token}.json", {}):
            found = answer.get("service_request_id")
            if found:
                return str(found)
        return None

    def _take(self, one: Awaited, request: dict[str, Any], book: OutcomeBook) -> None:
        remote_id, status = str(request["service_request_id"]), request.get("status")
        notes = str(request.get("status_notes") or "")
        updated = request.get("updated_datetime")
        if status == "open":
            kind, key = OutcomeKind.ACCEPTED, f"{remote_id}:open"
        elif status == "closed":
            refused = any(word in notes for word in self._words)
            kind = OutcomeKind.REFUSED if refused else OutcomeKind.CLOSED
            key = f"{remote_id}:closed:{updated}"
        else:
            return
        book.take(
            RemoteOutcome(
                case_id=one.case_id,
                kind=kind,
                key=key,
                reason=notes,
                remote_id=remote_id,
                at=_time(updated),
            )
        )


class GeoReport:
    """The calls themselves."""

    def __init__(self, config: Config, name: str) -> None:
        self._name = name
        self._root = str(config.url).rstrip("/")
        self._caller = HttpCaller(config, name, most_bytes=_MOST_BYTES)
        key = read_secret(config.api_key_env, config.api_key_file, name)
        self._key = {} if key is None else {"api_key": key.decode()}
        jurisdiction = config.jurisdiction_id
        self._common = {} if jurisdiction is None else {"jurisdiction_id": jurisdiction}

    def post(self, path: str, form: dict[str, str]) -> list[dict[str, Any]]:
        data = {**self._common, **self._key, **form}
        return self._call("POST", path, data=data)

    def get(self, path: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        return self._call("GET", path, params={**self._common, **asked})

    def close(self) -> None:
        self._caller.close()

    def _call(self, method: str, path: str, **request: Any) -> list[dict[str, Any]]:
        answer = self._caller.call(method, f"{self._root}/{path}", **request)
        self._caller.demand_success(answer)
        found = answer.json()
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            begin = answer.text[:ERROR_CHARS]
            raise DeliveryUnavailable(f"{self._name}: {path}: not a GeoReport answer: {begin}")
        return found


def build(config: Config, name: str) -> Open311Sink:
    return Open311Sink(config, name)


def build_fetcher(config: Config, name: str) -> Open311Fetcher:
    return Open311Fetcher(config, name)


def _given_id(answers: list[dict[str, Any]], name: str) -> str:
    for answer in answers:
        if answer.get("service_request_id"):
            return str(answer["service_request_id"])
        if answer.get("token"):
            return f"{_RECEIPT}{answer['token']}"
    raise DeliveryUnavailable(f"{name}: the answer holds neither service_request_id nor token")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
