"""Parameters of a comparison."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from detector.flights.candidate import CandidateConfig
from detector.flights.config import FlightConfig
from detector.flights.registration import RegistrationConfig


class ComparisonConfig(BaseModel):
    """When a change is reported. Scores are 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flight: FlightConfig = FlightConfig()
    registration: RegistrationConfig = RegistrationConfig()
    candidate: CandidateConfig = CandidateConfig()
    min_score: float = Field(default=0.5, gt=0, lt=1)  # of all pictures that show it together
    min_area_m2: float = Field(default=5.0, gt=0)
    max_area_m2: float = Field(default=400.0, gt=0)
    min_on_building: float = Field(default=0.6, ge=0, le=1)  # share, where footprints are given
    min_quality: float = Field(default=0.5, ge=0, le=1)  # of the view: 0.5 is 30° of elevation
    structure_height_m: float = Field(default=2.4, ge=0)  # roofs of additions, above the surface
    grown_share: float = Field(default=0.15, gt=0)  # of a known outline that the new one covers
    best_views: int = Field(default=3, ge=1)
