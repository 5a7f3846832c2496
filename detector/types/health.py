"""How a source is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SourceState(StrEnum):
    WAKING = "waking"  # asked, not yet delivering: an on-demand stream may need a while
    LIVE = "live"
    STALLED = "stalled"  # connected, but nothing new comes
    DOWN = "down"
    ENDED = "ended"  # a file or folder that has delivered all it had


class BlindReason(StrEnum):
    WAKING = "waking"
    STALLED = "stalled"
    DOWN = "down"
    BLACK = "black"
    OVEREXPOSED = "overexposed"
    BLURRED = "blurred"
    FROZEN = "frozen"
    VIEW_MOVED = "view_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFrame:
    """Why a look got no usable frame."""

    reason: BlindReason
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """A snapshot of a source's connection, for pages, metrics and reports."""

    state: SourceState
    reason: str  # for a person, without credentials; empty when live
    since: datetime
    reconnects: int
    frames: int  # frames delivered so far
    last_frame_at: datetime | None
