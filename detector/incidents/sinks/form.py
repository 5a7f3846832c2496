"""Cases as registration forms (问题登记) of a city platform's own interface."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from pydantic import Field, HttpUrl, model_validator

from detector.incidents.sinks.form_table import load_form_table
from detector.incidents.sinks.form_values import form_values
from detector.incidents.sinks.http_call import (
    DUPLICATE,
    ERROR_CHARS,
    Answer,
    HttpCaller,
    HttpSinkConfig,
    linked,
)
from detector.incidents.sinks.secret import read_secret
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable

KIND: Final = "form"
_AFTER: Final = "after"
_Files = list[tuple[str, tuple[str, bytes, str]]]


class _AnswerConfig(HttpSinkConfig):
    """How the platform says yes. Many answer HTTP 200 to everything and mean a code within."""

    code_field: str | None = Field(default=None, min_length=1)
    """None: the HTTP status decides."""

    taken: frozenset[str] = frozenset({"0", "200"})
    known: frozenset[str] = frozenset()
    """It has this case already: as good as taken."""

    refused: frozenset[str] = frozenset()
    """It will never take the record as it is. Every other code is tried again."""

    message_field: str = "msg"
    id_field: str = "id"
    """Dots lead into objects: data.caseId"""


class Config(_AnswerConfig):
    """One platform's form."""

    kind: Literal["form"] = KIND
    url: HttpUrl
    """Takes cases that are opened, and those that are raised again."""

    other_urls: Mapping[Literal["updated", "cleared", "reopened", "voided"], HttpUrl] = {}
    """Where the platform takes other letters; those without one count as delivered unsent."""

    table_file: Path
    """The form: fields, codes, limits (YAML)."""

    encoding: Literal["json", "multipart"] = "json"
    pictures: Literal["linked", "attached", "none"] = "linked"
    pictures_field: str = Field(default="pictures", min_length=1)
    after_pictures_field: str | None = Field(default=None, min_length=1)
    """Pictures that show the street clean; None: they go with the others."""

    evidence_base_url: HttpUrl | None = None
    evidence_folder: Path | None = None
    """Where attached pictures are read from: the evidence store's folder."""

    most_pictures: int = Field(default=6, ge=1, le=20)
    addresses: Mapping[str, str] = {}
    """Address by source, for the field `address`."""

    auth_header: str = "Authorization"
    auth_env: str | None = Field(default=None, min_length=1)
    auth_file: Path | None = None

    @model_validator(mode="after")
    def _pictures_can_be_sent(self) -> Config:
        if self.pictures == "linked" and self.evidence_base_url is None:
            raise ValueError("pictures: linked needs evidence_base_url")
        if self.pictures == "attached" and self.evidence_folder is None:
            raise ValueError("pictures: attached needs evidence_folder")
        if self.pictures == "attached" and self.encoding != "multipart":
            raise ValueError("pictures: attached needs encoding: multipart")
        return self


class FormSink:
    """CaseSink for a platform's own form.

    The form is filled and checked before anything is sent; what is missing is named. The header
    Idempotency-Key and, where the table has it, a field `from: key` let the platform tell a
    repetition: HTTP 409 says that it has the case already. Raises ConfigError for a table that
    cannot be used.
    """

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        self._name = name
        self._table = load_form_table(config.table_file)
        token = read_secret(config.auth_env, config.auth_file, name)
        self._token = {} if token is None else {config.auth_header: token.decode()}
        self._caller = HttpCaller(config, name)

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """The platform's own number. Raises DeliveryUnavailable or DeliveryRefused."""
        url = self._url(record["kind"])
        if url is None:
            return None
        address = self._config.addresses.get(record["source_id"])
        values: dict[str, Any] = dict(form_values(self._table, record, idempotency_key, address))
        headers = {"Idempotency-Key": idempotency_key, **self._token}
        if self._config.encoding == "json":
            body: dict[str, Any] = {"json": {**values, **self._links(record)}}
        else:
            links = {name: ",".join(urls) for name, urls in self._links(record).items()}
            # An entry without a file name is a plain field: keeps it multipart without pictures.
            plain = [(name, (None, text)) for name, text in {**values, **links}.items()]
            body = {"files": [*plain, *self._attached(record)]}
        return self._judge(self._caller.call("POST", url, headers=headers, **body))

    def close(self) -> None:
        self._caller.close()

    def _url(self, kind: Any) -> str | None:
        other = self._config.other_urls.get(kind)
        if other is not None:
            return str(other)
        return str(self._config.url) if kind in ("opened", "reopened") else None

    def _links(self, record: dict[str, Any]) -> dict[str, list[str]]:
        if self._config.pictures != "linked":
            return {}
        found: dict[str, list[str]] = {}
        for item in self._chosen(linked(record, self._config.evidence_base_url)):
            found.setdefault(self._field(item), []).append(item["url"])
        return found

    def _attached(self, record: dict[str, Any]) -> _Files:
        if self._config.pictures != "attached":
            return []
        return [
            (self._field(item), (PurePosixPath(item["key"]).name, self._read(item), _type(item)))
            for item in self._chosen(record)
        ]

    def _chosen(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        return list(record["evidence"][-self._config.most_pictures :])

    def _field(self, item: dict[str, Any]) -> str:
        after = self._config.after_pictures_field
        return after if after and item["kind"] == _AFTER else self._config.pictures_field

    def _read(self, item: dict[str, Any]) -> bytes:
        folder = self._config.evidence_folder
        if folder is None:
            raise ConfigError(f"{self._name}: pictures: attached needs evidence_folder")
        try:
            data: bytes = (folder / item["key"]).read_bytes()
        except FileNotFoundError as error:
            text = f"{self._name}: the picture {item['key']} has passed its retention"
            raise DeliveryRefused(text) from error
        except OSError as error:
            raise DeliveryUnavailable(f"{self._name}: {item['key']}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != item["sha256"]:
            raise DeliveryRefused(f"{self._name}: the picture {item['key']} has been changed")
        return data

    def _judge(self, answer: Answer) -> str | None:
        if answer.status == DUPLICATE:
            return _at(answer.json(), self._config.id_field)
        self._caller.demand_success(answer)
        config, data = self._config, answer.json()
        if config.code_field is None:
            return _at(data, config.id_field)
        code = _at(data, config.code_field)
        if code is not None and code in config.taken | config.known:
            return _at(data, config.id_field)
        message = _at(data, config.message_field) or answer.text[:ERROR_CHARS]
        text = f"{self._name}: {config.code_field} {code}: {message}"
        if code in config.refused:
            raise DeliveryRefused(text)
        raise DeliveryUnavailable(text)


def build(config: Config, name: str) -> FormSink:
    return FormSink(config, name)


def _type(item: dict[str, Any]) -> str:
    return str(item["media_type"])


def _at(data: Any, path: str) -> str | None:
    for part in path.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return None if data is None or isinstance(data, dict | list) else str(data)[:ERROR_CHARS]
