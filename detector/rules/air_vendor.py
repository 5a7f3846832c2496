"""Suspected vendors as a flight sees them: parasols from above, on the ground of the city."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from detector.rules.base import known_classes, version_of
from detector.rules.rooftop import RooftopConfig, RooftopRule

VIOLATION = "air_vendor"
REVISION = 1


class AirVendorConfig(RooftopConfig):
    """Parameters of the rule. A parasol alone is no vendor: an officer decides."""

    rule: Literal["air_vendor"] = "air_vendor"  # type: ignore[assignment]
    classes: frozenset[str] = frozenset({"parasol"})
    min_area_m2: float = Field(default=1.5, gt=0)


class AirVendorRule(RooftopRule):
    """The rooftop rule's judgement of a flight's findings, for another class and violation."""

    violation = "vendor"
    subtype = "mobile_vendor"

    def __init__(self, config: AirVendorConfig) -> None:
        self.config = config
        self.classes = known_classes(config.classes)
        self.version = version_of(VIOLATION, REVISION, config)


CONFIG = AirVendorConfig
RULE = AirVendorRule
