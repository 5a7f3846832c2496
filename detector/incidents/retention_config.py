"""How long each kind of data is kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RetentionConfig(BaseModel):
    """How long each kind of data is kept. None keeps it for ever.

    Evidence counts from when it was recorded, and while its incident is open or its case
    unfinished it is held, however old; frames are never held. Nobody watches the place of a
    moving source's incident, so it counts as over when it was last seen as long ago. An incident
    with letters that wait or are quarantined stays until they are delivered or discarded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames_h: float | None = Field(default=1, gt=0)
    shown_days: float | None = Field(default=365, gt=0)
    sealed_days: float | None = Field(default=90, gt=0)
    clips_days: float | None = Field(default=90, gt=0)
    finished_cases_days: float | None = Field(default=1825, gt=0)
    """Since the case ended; its incident, verdict, log and evidence rows go with it."""

    incidents_without_case_days: float | None = Field(default=365, gt=0)
    """Since they were cleared (moving sources: seen last): rejected ones and those nobody
    answered."""

    presence_h: float | None = Field(default=72, gt=0)
    processed_days: float | None = Field(default=180, gt=0)
    """A picture that comes again later is examined again."""

    delivered_days: float | None = Field(default=30, gt=0)
    """Since they were delivered or discarded; waiting and quarantined ones stay."""
