"""Decides when a look can keep the detections of the one before, without asking the network."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.pipeline.scene import Scene
from detector.tracking import TrackerConfig
from detector.types import Box, Detections, Frame, Track

_SAME_IOU: Final = 0.5


class CarryConfig(BaseModel):
    """Looks at a scene that has not changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    for_s: float = Field(
        default=60,
        ge=0,
        description="The network looks again once in every so many seconds, each camera at moments"
        " of its own: those that started together must not all need it at once.",
    )
    for_looks: int = Field(
        default=5,
        ge=1,
        description="Where looks are rarer, once in so many looks: otherwise nothing would ever be"
        " carried at a camera that is visited once a minute.",
    )
    levels: float = Field(
        default=6,
        gt=0,
        le=64,
        description="A block (8 px of a picture 640 px wide) has changed by so many levels of 255.",
    )
    undecided: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="A score so near its class's threshold may fall on the other side next time:"
        " the network decides at every look.",
    )

    def at_pace(self, interval_s: float) -> CarryConfig:
        """For a camera that is looked at every `interval_s` seconds."""
        if not self.for_s:
            return self
        return self.model_copy(update={"for_s": max(self.for_s, self.for_looks * interval_s)})


class Carrying:
    """Detections are kept as long as all of this holds: no block of the picture differs from the
    last examined one; the last two examined looks agree; no score is undecided; nothing that is
    followed was missed; the camera's moment, one in every `for_s`, has not come since. In doubt
    the network looks."""

    def __init__(self, config: CarryConfig, tracker: TrackerConfig) -> None:
        self._config, self._tracker = config, tracker
        self._scene = Scene(config.levels)
        self._last: Detections | None = None
        self._strong: Detections | None = None  # of the classes that are followed
        self._sound = False
        self._examined_at: datetime | None = None

    def carried(self, frame: Frame) -> Detections | None:
        """What is known to be on this picture; None: the network must look. Every look must pass
        through here, in the order of their times."""
        if not self._config.enabled or frame.origin_key is not None:
            return None
        changed = self._scene.see(frame.image)
        if changed or not self._sound or self._examined_at is None:
            return None
        return self._last if self._is_fresh(frame, self._examined_at) else None

    def examined(
        self,
        at: datetime,
        found: Detections,
        tracks: Sequence[Track],
        thresholds: Mapping[str, float],
    ) -> None:
        """The network has looked; `tracks` as they are after it."""
        if not self._config.enabled:
            return
        self._scene.examined()
        followed = self._followed(found)
        over = _over(followed, thresholds)
        strong = followed.where(over >= 0)
        self._sound = (
            self._strong is not None
            and all(track.seen_now for track in tracks)
            and not (np.abs(over) < self._config.undecided).any()
            and _agree(self._strong, strong)
        )
        self._last, self._strong, self._examined_at = found, strong, at

    def forget(self) -> None:
        """A blind look came between, or the models were exchanged."""
        self._last = self._strong = None
        self._sound = False

    def _is_fresh(self, frame: Frame, examined_at: datetime) -> bool:
        every_s = self._config.for_s
        if frame.captured_at < examined_at or not every_s:
            return False
        shift_s = zlib.crc32(frame.source_id.encode()) / 2**32 * every_s
        now, then = (
            (at.timestamp() + shift_s) // every_s for at in (frame.captured_at, examined_at)
        )
        return now == then

    def _followed(self, found: Detections) -> Detections:
        groups = [self._tracker.group_of(found.class_name(i)) for i in range(len(found))]
        return found.where(np.array([group is not None for group in groups], bool))


def _over(found: Detections, thresholds: Mapping[str, float]) -> NDArray[np.float32]:
    """(N,) by how much each score lies over its class's threshold."""
    limits = [thresholds.get(found.class_name(i), 2.0) for i in range(len(found))]
    return (found.score - np.array(limits, np.float32)).astype(np.float32)


def _agree(one: Detections, other: Detections) -> bool:
    """The same classes at the same places."""
    if len(one) != len(other):
        return False
    boxes: list[tuple[str, Box]] = [(other.class_name(i), other.box(i)) for i in range(len(other))]
    return all(
        any(name == one.class_name(i) and box.iou(one.box(i)) > _SAME_IOU for name, box in boxes)
        for i in range(len(one))
    )
