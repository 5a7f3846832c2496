"""A case record as another instance sends it."""

from __future__ import annotations

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.incidents.component import CaseComponent
from detector.incidents.errors import ReceptionError
from detector.incidents.letter import LetterKind
from detector.types import Box, Place, Position, VerdictAnswer

_Text = Field(max_length=200)
_Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class _Part(BaseModel):
    """Fields that a later version adds are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LetterPosition(_Part):
    x: float
    y: float
    crs: str = Field(max_length=32)
    error_radius_m: float = Field(ge=0)


class LetterPlace(_Part):
    fixed: bool
    box_unit: tuple[float, float, float, float]
    position: LetterPosition | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not self.fixed and self.position is None:
            raise ValueError("a moving source's place needs a position")
        return self


class LetterComponent(_Part):
    code: str | None = Field(default=None, max_length=32)
    kind: str | None = Field(default=None, max_length=8)
    owner: str = _Text
    distance_m: float | None = None
    others: int = 0
    note: str = Field(default="", max_length=500)


class LetterVerdict(_Part):
    answer: VerdictAnswer


class LetterPicture(_Part):
    kind: str = Field(max_length=16)
    key: str = Field(max_length=300)
    sha256: str = _Sha256
    media_type: str = Field(max_length=100)
    captured_at: AwareDatetime
    url: str | None = Field(default=None, max_length=1000)


class CaseLetter(_Part):
    """The fields of `case_record` that a receiver needs."""

    schema_name: Literal["xunjie.case/1"] = Field(alias="schema")
    kind: LetterKind
    seq: int = Field(ge=1)
    at: AwareDatetime
    case_id: UUID
    number: str = Field(min_length=1, max_length=32)
    incident_id: UUID
    violation: str = Field(min_length=1, max_length=64)
    subtype: str = Field(max_length=64)
    class_name: str = Field(max_length=64)
    urgent: bool
    code_kind: str | None = Field(default=None, max_length=16)
    code: str | None = Field(default=None, max_length=32)
    code_table_version: str = Field(max_length=64)
    description: str = Field(max_length=4000)
    source_id: str = Field(min_length=1, max_length=130)
    place: LetterPlace
    grid: str | None = Field(default=None, max_length=32)
    component: LetterComponent | None = None
    path: tuple[str, ...] = Field(default=(), max_length=16)
    verdict: LetterVerdict
    reopened: int = Field(ge=0)
    first_seen_at: AwareDatetime
    opened_at: AwareDatetime
    last_seen_at: AwareDatetime
    cleared_at: AwareDatetime | None = None
    rule_version: str = _Text
    model_sha256: tuple[str, ...] = Field(max_length=16)
    evidence: tuple[LetterPicture, ...] = Field(default=(), max_length=100)

    @property
    def area(self) -> str | None:
        """The grid code, or else the county of the component."""
        if self.grid:
            return self.grid
        return self.component.code[:6] if self.component and self.component.code else None

    @property
    def case_component(self) -> CaseComponent | None:
        return CaseComponent(**self.component.model_dump()) if self.component else None

    def place_at(self, peer: str) -> Place:
        """Sources of other instances stand under the instance's name: `corner` of `ganyu` is not
        our own `corner`. Raises ReceptionError."""
        found = self.place.position
        try:
            return Place(
                source_id=f"{peer}/{self.source_id}",
                box_unit=Box(*self.place.box_unit),
                position=None if found is None else Position(**found.model_dump()),
                fixed=self.place.fixed,
            )
        except ValueError as error:
            raise ReceptionError(f"place: {error}") from error


def read_letter(data: Any) -> CaseLetter:
    """Raises ReceptionError naming each field at fault."""
    try:
        return CaseLetter.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in faults[:10]]
        raise ReceptionError("not a case record: " + "; ".join(lines)) from error
