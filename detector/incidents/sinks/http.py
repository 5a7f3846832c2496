"""Cases as CloudEvents over HTTP."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from pydantic import Field, HttpUrl, model_validator

from detector.incidents.errors import RetryLaterError
from detector.incidents.sinks.cloud_event import (
    CONTENT_TYPE,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    cloud_event,
    signature,
)
from detector.incidents.sinks.config import SinkConfig
from detector.incidents.sinks.secret import read_secret
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable

KIND: Final = "http"

_DUPLICATE: Final = 409
# Not about the record: the request's time, order or rate, or our credentials.
_TRY_AGAIN: Final = frozenset({401, 403, 407, 408, 425, 429})
_LONGEST_RETRY_AFTER_S: Final = 3600.0
_ERROR_CHARS: Final = 300


class Config(SinkConfig):
    """One HTTP destination."""

    kind: Literal["http"] = KIND
    url: HttpUrl
    """Takes a POST of each CloudEvent."""

    event_source: str = Field(default="/xunjie", min_length=1, max_length=200)
    """The CloudEvents `source`: names this installation to the receiver."""

    secret_env: str | None = Field(default=None, min_length=1)
    """Name of the environment variable that holds the signing secret."""

    secret_file: Path | None = None
    """Or a file that holds it. Neither: unsigned."""

    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    answer_timeout_s: float = Field(default=10, gt=0, le=120)
    evidence_base_url: HttpUrl | None = None
    """Evidence is linked as this URL, a slash and the key; None: the key alone is sent."""

    ca_file: Path | None = None
    """Certificates to trust instead of the system's, for a city's own authority."""

    @model_validator(mode="after")
    def _one_secret(self) -> Config:
        if self.secret_env is not None and self.secret_file is not None:
            raise ValueError("give secret_env or secret_file, not both")
        return self


class HttpSink:
    """CaseSink over HTTP.

    Delivered: any 2xx, and 409, which says that the receiver has this idempotency key already.
    Refused: the other 4xx. Unavailable: everything else, also 408, 425 and 429, and 401, 403
    and 407, where our credentials are at fault and not the record; a Retry-After (up to an hour)
    is heeded. Redirects are not followed. Raises ConfigError when its secret is missing.
    """

    def __init__(
        self, config: Config, name: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._config = config
        self._name = name
        self._secret = read_secret(config.secret_env, config.secret_file, name)
        self._client = httpx.Client(
            timeout=httpx.Timeout(config.answer_timeout_s, connect=config.connect_timeout_s),
            verify=_trust(config.ca_file, name),
            transport=transport,
            trust_env=False,  # a proxy is a matter of the config, not of the environment
        )

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """The id in the answer's JSON object (`id` or `case_id`), if there is one.

        Raises DeliveryUnavailable, RetryLaterError or DeliveryRefused.
        """
        body = cloud_event(self._linked(record), idempotency_key, self._config.event_source)
        try:
            answer = self._client.post(
                str(self._config.url), content=body, headers=self._headers(body, idempotency_key)
            )
        except httpx.HTTPError as error:
            detail = str(error) or type(error).__name__
            raise DeliveryUnavailable(f"{self._name}: {detail}") from error
        return self._outcome(answer)

    def close(self) -> None:
        self._client.close()

    def _headers(self, body: bytes, idempotency_key: str) -> dict[str, str]:
        headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": idempotency_key}
        if self._secret is not None:
            timestamp = str(int(time.time()))
            headers[TIMESTAMP_HEADER] = timestamp
            headers[SIGNATURE_HEADER] = signature(self._secret, timestamp, body)
        return headers

    def _linked(self, record: dict[str, Any]) -> dict[str, Any]:
        base = self._config.evidence_base_url
        if base is None:
            return record
        root = str(base).rstrip("/")
        linked = [{**item, "url": f"{root}/{item['key']}"} for item in record["evidence"]]
        return {**record, "evidence": linked}

    def _outcome(self, answer: httpx.Response) -> str | None:
        if answer.is_success or answer.status_code == _DUPLICATE:
            return _remote_id(answer)
        text = f"{self._name}: HTTP {answer.status_code} {answer.text[:_ERROR_CHARS]}".strip()
        if answer.is_client_error and answer.status_code not in _TRY_AGAIN:
            raise DeliveryRefused(text)
        wait_s = _retry_after_s(answer.headers.get("Retry-After"))
        if wait_s is not None:
            raise RetryLaterError(text, wait_s)
        raise DeliveryUnavailable(text)


def build(config: Config, name: str) -> HttpSink:
    return HttpSink(config, name)


def _trust(ca_file: Path | None, name: str) -> ssl.SSLContext | bool:
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else True
    except OSError as error:
        raise ConfigError(f"destination {name!r}: ca_file {ca_file}: {error}") from error


def _remote_id(answer: httpx.Response) -> str | None:
    try:
        data = answer.json()
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    found = data.get("id") or data.get("case_id")
    return str(found)[:_ERROR_CHARS] if found else None


def _retry_after_s(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        wait_s = float(value)
    except ValueError:
        try:
            wait_s = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(wait_s, 0.0), _LONGEST_RETRY_AFTER_S)
