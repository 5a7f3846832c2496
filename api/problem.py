"""Why a request was refused, as RFC 9457 tells it: to people by `detail`, to programs by `code`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from detector.types import FieldError, XunjieError

MEDIA_TYPE: Final = "application/problem+json"


class Told(BaseModel):
    """Something that went wrong. `code` names it, `values` are what a sentence about it fills in;
    where one of them has a code of its own, it is the cause. An empty code: only `detail`, in
    English, tells it."""

    detail: str
    code: str
    values: dict[str, Any]


class FieldFault(Told):
    """What is wrong with one field of a request."""

    field: str  # its path, such as body.settings.zones.0.name


class Problem(Told):
    """RFC 9457 without a `type` of its own, so that `title` is the status in words."""

    title: str
    status: int
    faults: list[FieldFault] = []  # of single fields; only for a request that cannot be read


class ProblemAnswer(JSONResponse):
    media_type = MEDIA_TYPE


def problem(
    status: int,
    detail: str,
    *,
    code: str = "",
    values: Mapping[str, object] | None = None,
    faults: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemAnswer:
    """The answer. `status` is an HTTP one."""
    body: dict[str, Any] = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "values": dict(values or {}),
        "faults": [{"field": fault.field, **fault.told()} for fault in faults],
    }
    return ProblemAnswer(jsonable_encoder(body), status_code=status, headers=headers)


def problem_of(
    error: Exception, status: int, headers: Mapping[str, str] | None = None
) -> ProblemAnswer:
    """What an expected error says."""
    if not isinstance(error, XunjieError):
        return problem(status, str(error), headers=headers)
    told = error.told()
    return problem(
        status, told["detail"], code=told["code"], values=told["values"], headers=headers
    )
