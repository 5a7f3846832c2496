"""A rule's conclusion about one thing at one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from detector.types.coverage import Coverage
from detector.types.place import Place


class Posting(StrEnum):
    """When the case goes into the queue."""

    AFTER_VERDICT = "after_verdict"
    AT_ONCE = "at_once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Stands as long as the rule's condition holds: a rule returns it again on every look."""

    violation: str  # the rule's name: "vendor", "cover"
    subtype: str  # e.g. "mobile_vendor", "shop_outside_line", "cover_missing"
    place: Place
    class_name: str
    score: float
    first_seen_at: datetime
    threshold_at: datetime  # the moment at which the rule's condition was met
    seen_at: datetime  # this look
    seen_now: bool  # detected in this look, not carried over a gap
    coverage: Coverage
    zone: str | None
    urgent: bool
    posting: Posting
    rule_version: str
    reason: str  # one plain English sentence for the operator
