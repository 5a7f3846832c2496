"""A city's registration form as configuration: fields, codes and time limits of one version.

The national standards are being revised and every platform spells its fields in its own way, so
nothing of a form is code. The file is YAML; `form_table_schema()` is its JSON Schema.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from detector.types import ConfigError


class FormSource(StrEnum):
    """What a field is filled from."""

    DESCRIPTION = "description"
    ADDRESS = "address"  # by source, from the destination's config
    GRID = "grid"
    X = "x"  # in the table's crs
    Y = "y"
    ERROR_RADIUS_M = "error_radius_m"
    LIMIT_H = "limit_h"
    DEADLINE = "deadline"  # opened_at and the time limit
    CODE = "code"
    CODE_KIND = "code_kind"
    CONDITION = "condition"  # 立案条件
    COMPONENT = "component"  # 部件 id, where the case has one
    URGENT = "urgent"
    NUMBER = "number"
    KEY = "key"  # the idempotency key
    SOURCE_ID = "source_id"
    OPENED_AT = "opened_at"
    VALUE = "value"  # always the field's `value`


class FormField(BaseModel):
    """One field of the platform's form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    """As the platform spells it."""

    source: FormSource = Field(alias="from")
    mandatory: bool = False
    """Checked before anything is sent."""

    max_chars: int | None = Field(default=None, ge=1)
    """Longer text is cut."""

    pattern: str | None = None
    """A regular expression that the whole text must meet, e.g. [0-9]{15}"""

    value: str | None = None
    values: Mapping[str, str] = {}
    """How the platform spells a value, e.g. {"true": "1", "false": "0"}."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _has_value(self) -> FormField:
        if (self.source == FormSource.VALUE) != (self.value is not None):
            raise ValueError("`value` and `from: value` belong together")
        return self


class FormCode(BaseModel):
    """How the platform calls one kind of case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(min_length=1)
    code: str = Field(min_length=1, max_length=64)
    condition: str | None = Field(default=None, min_length=1)
    limit_h: float | None = Field(default=None, gt=0)


class FormTable(BaseModel):
    """One version of a city's form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1, max_length=64)
    crs: str = Field(default="EPSG:4490", pattern=r"^EPSG:[0-9]{4,5}$")
    time_zone: str = "Asia/Shanghai"
    time_format: str = "%Y-%m-%d %H:%M:%S"
    fields: tuple[FormField, ...] = Field(min_length=1)
    codes: Mapping[str, FormCode] = Field(min_length=1)
    """By "violation/subtype", or "violation" for all its other subtypes."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value

    @field_validator("fields")
    @classmethod
    def _each_once(cls, value: tuple[FormField, ...]) -> tuple[FormField, ...]:
        for name, count in Counter(field.name for field in value).items():
            if count > 1:
                raise ValueError(f"field {name!r} is there {count} times")
        return value

    def code(self, violation: str, subtype: str) -> FormCode | None:
        return self.codes.get(f"{violation}/{subtype}") or self.codes.get(violation)


def form_table_schema() -> dict[str, Any]:
    """The JSON Schema of a form table's file."""
    return FormTable.model_json_schema(by_alias=True)


def load_form_table(file: Path) -> FormTable:
    """Raises ConfigError that names the file and the line or the field."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"form table {file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"form table {file} is not YAML: {error}") from error
    try:
        return FormTable.model_validate(data)
    except ValidationError as error:
        lines = (f"{_path(e['loc'])}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"form table {file}: " + "; ".join(lines)) from error


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "the file"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(form_table_schema(), indent=2, ensure_ascii=False) + "\n")
