"""Cases as CloudEvents over HTTP."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from pydantic import Field, HttpUrl, model_validator

from detector.incidents.sinks.cloud_event import (
    CONTENT_TYPE,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    cloud_event,
    signature,
)
from detector.incidents.sinks.http_call import (
    DUPLICATE,
    ERROR_CHARS,
    Answer,
    HttpCaller,
    HttpSinkConfig,
    linked,
)
from detector.incidents.sinks.instance_outcomes import InstanceOutcomes
from detector.incidents.sinks.picture_sender import PictureSender
from detector.incidents.sinks.secret import read_secret
from detector.types import ConfigError

KIND: Final = "http"


class Config(HttpSinkConfig):
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

    evidence_base_url: HttpUrl | None = None
    """Evidence is linked as this URL, a slash and the key; None: the key alone is sent."""

    api_key_env: str | None = Field(default=None, min_length=1)
    """Name of the environment variable with an API key: `Authorization: Bearer KEY`."""

    api_key_file: Path | None = None

    pictures_url: HttpUrl | None = None
    """Another instance's `/api/exchange/pictures`: pictures are handed over, not only linked."""

    evidence_folder: Path | None = None
    """Where they are read from; None: the evidence of this installation."""

    outcomes_url: HttpUrl | None = None
    """Another instance's `/api/exchange/outcomes`: is asked what became of the cases."""

    @model_validator(mode="after")
    def _one_secret(self) -> Config:
        if self.secret_env is not None and self.secret_file is not None:
            raise ValueError("give secret_env or secret_file, not both")
        return self


class HttpSink:
    """CaseSink over HTTP.

    Delivered: any 2xx, and 409, which says that the receiver has this idempotency key already.
    Refused: the other 4xx. Unavailable: everything else, also 408, 425 and 429, and 401, 403,
    404, 405 and 407, where our credentials or the URL are at fault and not the record; a
    Retry-After (up to an hour) is heeded. An answer is read for `answer_timeout_s` and up to
    64 KiB. Raises ConfigError when its secret is missing.
    """

    def __init__(
        self, config: Config, name: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._config = config
        self._name = name
        self._secret = read_secret(config.secret_env, config.secret_file, name)
        self._caller = HttpCaller(config, name, transport)
        self._key = _key_headers(config, name)
        self._pictures = self._picture_sender()

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """The id in the answer's JSON object (`id` or `case_id`), if there is one.

        Raises DeliveryUnavailable, RetryLaterError or DeliveryRefused.
        """
        sent = linked(record, self._config.evidence_base_url)
        body = cloud_event(sent, idempotency_key, self._config.event_source)
        headers = {**self._key, **self._headers(body, idempotency_key)}
        if self._pictures is not None:
            self._pictures.send(record, self._key)
        answer = self._caller.call("POST", str(self._config.url), content=body, headers=headers)
        if answer.status != DUPLICATE:
            self._caller.demand_success(answer)
        return _remote_id(answer)

    def close(self) -> None:
        self._caller.close()

    def _picture_sender(self) -> PictureSender | None:
        config = self._config
        if config.pictures_url is None:
            return None
        if config.evidence_folder is None:
            raise ConfigError(f"destination {self._name!r}: pictures_url needs evidence_folder")
        return PictureSender(
            self._caller, str(config.pictures_url), config.evidence_folder, self._name
        )

    def _headers(self, body: bytes, idempotency_key: str) -> dict[str, str]:
        headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": idempotency_key}
        if self._secret is not None:
            timestamp = str(int(time.time()))
            headers[TIMESTAMP_HEADER] = timestamp
            headers[SIGNATURE_HEADER] = signature(self._secret, timestamp, body)
        return headers


def build(config: Config, name: str) -> HttpSink:
    return HttpSink(config, name)


def build_fetcher(config: Config, name: str) -> InstanceOutcomes | None:
    """None: outcomes come by `POST /api/cases/{id}/outcome`, or not at all."""
    if config.outcomes_url is None:
        return None
    headers = _key_headers(config, name)
    return InstanceOutcomes(HttpCaller(config, name), str(config.outcomes_url), headers, name)


def _key_headers(config: Config, name: str) -> dict[str, str]:
    key = read_secret(config.api_key_env, config.api_key_file, name)
    return {} if key is None else {"Authorization": f"Bearer {key.decode()}"}


def _remote_id(answer: Answer) -> str | None:
    data = answer.json()
    if not isinstance(data, dict):
        return None
    found = data.get("id") or data.get("case_id")
    return str(found)[:ERROR_CHARS] if found else None
