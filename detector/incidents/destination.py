"""Where cases go besides the embedded queue."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from detector.incidents.backoff import BackoffConfig
from detector.incidents.case import Case
from detector.incidents.sinks.registry import AnySinkConfig


class DestinationConfig(BaseModel):
    """One destination: which cases it takes, how it is reached, how patient we are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """Stands in every delivery's row: a renamed destination's waiting rows stay behind."""

    sink: AnySinkConfig
    instance: str | None = Field(default=None, min_length=1, max_length=64)
    """The name of the Xunjie instance behind it: gets no case that has been there already."""

    violations: frozenset[str] | None = None
    """Takes cases of these only; None: of all."""

    source_ids: frozenset[str] | None = None
    """Takes cases of these sources only; None: of all."""

    divisions: frozenset[str] | None = None
    """Takes cases only whose grid code begins with one of these: six digits are a county, nine a
    street. None: of all, also where the grid is not known."""

    without_grid: bool = False
    """With `divisions`: takes cases whose grid is not known, too."""

    backoff: BackoffConfig = BackoffConfig()
    quarantine_after_refusals: int = Field(default=3, ge=1)
    """Permanent refusals of one record after which it is set aside for a person."""

    lease_s: float = Field(default=60, gt=0)
    """How long a courier holds a row; after a crash it is tried again then. A delivery starts in
    the first half of its lease, so keep the sink's time-outs under the other half."""

    batch: int = Field(default=16, ge=1, le=500)
    poll_s: float = Field(default=0.5, gt=0)
    outcomes_every_s: float = Field(default=60, gt=0)
    """How often a destination that can be asked is asked for outcomes."""

    @field_validator("divisions")
    @classmethod
    def _digits(cls, value: frozenset[str] | None) -> frozenset[str] | None:
        for each in sorted(value or ()):
            if not (each.isascii() and each.isdigit() and 2 <= len(each) <= 15):
                raise ValueError(f"{each!r} is not the beginning (2 to 15 digits) of a grid code")
        return value

    def takes(self, case: Case) -> bool:
        if self.instance is not None and self.instance in case.path:
            return False
        if self.violations is not None and case.violation not in self.violations:
            return False
        if self.source_ids is not None and case.source_id not in self.source_ids:
            return False
        return self._takes_grid(case.grid or case.county_code)

    def _takes_grid(self, grid: str | None) -> bool:
        if self.divisions is None:
            return True
        if grid is None:
            return self.without_grid
        return any(grid.startswith(division) for division in self.divisions)
