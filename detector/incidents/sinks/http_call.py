"""Calls over HTTP and what their answers mean: shared by the sinks that speak it."""

from __future__ import annotations

import contextlib
import json
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import Field

from detector.incidents.errors import RetryLaterError
from detector.incidents.sinks.config import SinkConfig
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable

ERROR_CHARS: Final = 300
DUPLICATE: Final = 409
"""The status by which a receiver says that it has this idempotency key already."""

# Not about the record: our credentials, the URL (a service that is being redeployed), or the
# request's time, order or rate.
_TRY_AGAIN: Final = frozenset({401, 403, 404, 405, 407, 408, 425, 429})
_LONGEST_RETRY_AFTER_S: Final = 3600.0


class HttpSinkConfig(SinkConfig):
    """What every sink over HTTP is told."""

    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    answer_timeout_s: float = Field(default=10, gt=0, le=120)
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, for a city's own authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and the beginning of its body."""

    status: int
    text: str
    retry_after: str | None

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """None where the body is not JSON."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


class HttpCaller:
    """One destination's connections. Redirects are not followed, proxies of the environment not
    used. Raises ConfigError for certificates that cannot be read."""

    def __init__(
        self,
        config: HttpSinkConfig,
        name: str,
        transport: httpx.BaseTransport | None = None,
        most_bytes: int = 64 * 1024,
    ) -> None:
        self._name = name
        self._answer_timeout_s = config.answer_timeout_s
        self._most_bytes = most_bytes
        self._client = httpx.Client(
            timeout=httpx.Timeout(config.answer_timeout_s, connect=config.connect_timeout_s),
            verify=_trust(config.ca_file, name),
            transport=transport,
            trust_env=False,  # a proxy is a matter of the config, not of the environment
        )

    def call(self, method: str, url: str, **request: Any) -> Answer:
        """Raises DeliveryUnavailable where no status came back."""
        try:
            with self._client.stream(method, url, **request) as answer:
                return Answer(
                    status=answer.status_code,
                    text=self._text(answer),
                    retry_after=answer.headers.get("Retry-After"),
                )
        except httpx.HTTPError as error:
            detail = str(error) or type(error).__name__
            raise DeliveryUnavailable(f"{self._name}: {detail}") from error

    def demand_success(self, answer: Answer) -> None:
        """Raises DeliveryRefused for a 4xx that is about the record; RetryLaterError (up to an
        hour) or DeliveryUnavailable for everything else that is not 2xx."""
        if answer.success:
            return
        text = f"{self._name}: HTTP {answer.status} {answer.text[:ERROR_CHARS]}".strip()
        if 400 <= answer.status < 500 and answer.status not in _TRY_AGAIN:
            raise DeliveryRefused(text)
        wait_s = _retry_after_s(answer.retry_after)
        if wait_s is not None:
            raise RetryLaterError(text, wait_s)
        raise DeliveryUnavailable(text)

    def close(self) -> None:
        self._client.close()

    def _text(self, answer: httpx.Response) -> str:
        """The beginning of the body: a receiver that trickles or floods holds us up no longer
        than the answer's time-out, and a status counts however its body goes on."""
        ends = time.monotonic() + self._answer_timeout_s
        read = b""
        with contextlib.suppress(httpx.HTTPError):
            for chunk in answer.iter_bytes():
                read += chunk
                if len(read) > self._most_bytes or time.monotonic() > ends:
                    break
        return read[: self._most_bytes].decode("utf-8", "replace")


def linked(record: Mapping[str, Any], base_url: object | None) -> dict[str, Any]:
    """The record whose evidence has `url`: the base, a slash and the key."""
    if base_url is None:
        return dict(record)
    root = str(base_url).rstrip("/")
    items = [{**item, "url": f"{root}/{item['key']}"} for item in record["evidence"]]
    return {**record, "evidence": items}


def _trust(ca_file: Path | None, name: str) -> ssl.SSLContext | bool:
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else True
    except OSError as error:
        raise ConfigError(f"destination {name!r}: ca_file {ca_file}: {error}") from error


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
    return min(max(wait_s, 0.0), _LONGEST_RETRY_AFTER_S) if math.isfinite(wait_s) else None
