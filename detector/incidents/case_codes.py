"""The city's code tables, as configuration: they differ by city and are revised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class CaseCode(BaseModel):
    """How the city calls one kind of case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["event", "component"]
    """事件 or 部件."""

    code: str = Field(pattern=r"^[0-9]{2,20}$")
    name: str = Field(min_length=1, max_length=100)


def _example_codes() -> dict[str, CaseCode]:
    return {
        "vendor": CaseCode(kind="event", code="0501", name="无照经营游商"),
        "vendor/shop_outside_line": CaseCode(kind="event", code="0504", name="店外经营"),
        "cover": CaseCode(kind="component", code="0114", name="无主井盖"),
        "rooftop": CaseCode(kind="event", code="0101", name="私搭乱建"),
    }


class CodeTable(BaseModel):
    """One version of a city's table.

    The example is from public manuals; a city replaces it by its own and names its version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(default="example-1", min_length=1, max_length=64)
    codes: Mapping[str, CaseCode] = Field(default_factory=_example_codes)
    """Keys: "violation/subtype", or "violation" for all its other subtypes."""

    def code(self, violation: str, subtype: str) -> CaseCode | None:
        """None: the table has no code for it, which a person must then give."""
        return self.codes.get(f"{violation}/{subtype}") or self.codes.get(violation)


def code_table_schema() -> dict[str, Any]:
    """The JSON Schema of `cases.code_table`."""
    return CodeTable.model_json_schema()
