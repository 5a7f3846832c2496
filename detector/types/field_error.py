"""What is wrong with one field of settings or of a request, named so that pages can say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from detector.types.errors import XunjieError

OWN: Final = "field_"
"""A fault that one of our own validators found (PydanticCustomError) has a type that begins so."""

KINDS: Final = {
    "missing": "field_missing",
    "extra_forbidden": "field_unknown",
    "too_short": "field_too_few",
    "too_long": "field_too_many",
    "string_too_short": "field_too_short",
    "string_too_long": "field_too_long",
    "string_pattern_mismatch": "field_signs",
    "greater_than": "field_not_above",
    "greater_than_equal": "field_too_small",
    "less_than": "field_not_below",
    "less_than_equal": "field_too_large",
    "enum": "field_choice",
    "literal_error": "field_choice",
    "finite_number": "field_number",
    "int_type": "field_number",
    "int_parsing": "field_number",
    "int_parsing_size": "field_number",
    "int_from_float": "field_number",
    "float_type": "field_number",
    "float_parsing": "field_number",
    "date_type": "field_time",
    "date_parsing": "field_time",
    "date_from_datetime_parsing": "field_time",
    "date_from_datetime_inexact": "field_time",
    "time_type": "field_time",
    "time_parsing": "field_time",
    "datetime_type": "field_time",
    "datetime_parsing": "field_time",
    "datetime_from_date_parsing": "field_time",
    "datetime_object_invalid": "field_time",
    "timezone_aware": "field_time_zone",
}
"""Pydantic's type of a fault -> our code."""

OTHER: Final = "field_wrong"
"""Every other type: the field has the wrong form."""

_VALUES: Final = {
    "min_length": "bound",
    "max_length": "bound",
    "ge": "bound",
    "gt": "bound",
    "le": "bound",
    "lt": "bound",
    "expected": "expected",
}


class FieldError(XunjieError):
    """One field's fault; `field` is its path, such as zones.0.name. What was sent is never
    repeated: it may be a password."""

    def __init__(
        self, detail: str, *, field: str = "", code: str = OTHER, **values: object
    ) -> None:
        super().__init__(detail, code=code, **values)
        self.field = field

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.field}: {text}" if self.field else text


def field_errors(errors: Iterable[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """From what a ValidationError's `errors()` gives."""
    return tuple(_error(error) for error in errors)


def _error(error: Mapping[str, Any]) -> FieldError:
    kind = str(error["type"])
    own = kind.startswith(OWN)
    given = (error.get("ctx") or {}).items()
    values = {name if own else _VALUES.get(name, ""): value for name, value in given}
    values.pop("", None)
    return FieldError(
        str(error["msg"]),
        field=".".join(str(part) for part in error["loc"]),
        code=kind if own else KINDS.get(kind, OTHER),
        **{name: v if isinstance(v, int | float) else str(v) for name, v in values.items()},
    )
