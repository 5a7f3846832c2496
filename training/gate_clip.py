"""Clips with known incidents, through the real models, tracker and rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detector.inference.wrapped import WrappedModel
from detector.pipeline.replay import Opened, replay
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.recording import DEFAULT_START, Recording
from detector.types import Box, Detections, Detector, Permit, Rule, Zone, ZoneKind

SAME_PLACE_IOU: Final = 0.3
_KINDS: Final = {
    "road": ZoneKind.ROAD,
    "pavement": ZoneKind.PAVEMENT,
    "permitted": ZoneKind.PERMITTED,
}
_VIOLATION: Final = {"vendor": "vendor", "cover_missing": "cover", "cover_damaged": "cover"}
_ALL_DAY: Final = Permit(
    weekdays=frozenset(range(7)),
    from_date=None,
    to_date=None,
    from_time=time(0),
    to_time=time(0),
    stalls=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An incident that a clip holds."""

    violation: str
    track: str
    from_s: float
    boxes_unit: tuple[Box, ...]  # where it is to be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class GateClip:
    """A video of a fixed camera. Without truth beside it, it holds no violation."""

    path: Path
    interval_s: float
    zones: tuple[Zone, ...] = ()
    due: tuple[Due, ...] = ()
    for_s: float | None = None  # the clip is repeated until then; None: once


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a set of models makes of a clip."""

    clip: str
    seconds: float
    false_by_violation: dict[str, int]
    found_after_s: dict[str, float | None]  # "violation track" -> since it began; None: missed


class Remembered(WrappedModel):
    """A model that takes part in both replays looks at each picture only once."""

    def __init__(self, model: Detector) -> None:
        super().__init__(model)
        self._seen: dict[tuple[bytes, float | None], Detections] = {}

    def detect(
        self, images: Sequence[NDArray[np.uint8]], *, floor: float | None = None
    ) -> list[Detections]:
        """As the model itself."""
        return [self._one(image, floor) for image in images]

    def _one(self, image: NDArray[np.uint8], floor: float | None) -> Detections:
        key = (hashlib.blake2b(image.tobytes(), digest_size=16).digest(), floor)
        if key not in self._seen:
            self._seen[key] = self._detector.detect([image], floor=floor)[0]
        return self._seen[key]


def clips_of(
    paths: Sequence[Path], interval_s: float = 4, for_s: float | None = None
) -> list[GateClip]:
    """Videos, and folders of videos; `<name>.truth.json` beside one says what it holds."""
    files = [
        file
        for path in paths
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.suffix.lower() in (".mp4", ".avi", ".mkv", ".mov")
    ]
    return [_clip(file, interval_s, for_s) for file in files]


def rules_for(classes: Sequence[str]) -> list[Rule]:
    """The rules, with their default parameters, that look at one of these classes."""
    rules = [build_rule({"rule": "vendor"}), build_rule({"rule": "cover"})]
    return [rule for rule in rules if rule.classes & set(classes)]


def replayed(clip: GateClip, detectors: Sequence[Detector], rules: Sequence[Rule]) -> Replayed:
    """Raises SourceError for a clip that cannot be read."""
    recording = Recording(
        path=clip.path, source_id=clip.path.stem, interval_s=clip.interval_s, for_s=clip.for_s
    )
    watch = Watch(detectors=detectors, rules=rules, zones=clip.zones)
    result = replay(recording.frames(), watch)
    watched = {rule.violation for rule in rules}
    due = [item for item in clip.due if item.violation in watched]
    found: dict[str, float | None] = {f"{item.violation} {item.track}": None for item in due}
    false = dict.fromkeys(sorted(watched), 0)
    for opened in result.opened:
        match = next((item for item in due if _is(opened, item)), None)
        if match is None:
            false[opened.finding.violation] += 1
            continue
        key = f"{match.violation} {match.track}"
        after_s = _seconds(opened) - match.from_s
        known = found[key]
        found[key] = after_s if known is None else min(known, after_s)
    return Replayed(
        clip=clip.path.name,
        seconds=result.seconds,
        false_by_violation=false,
        found_after_s=found,
    )


def _is(opened: Opened, due: Due) -> bool:
    place = opened.finding.place.box_unit
    return (
        opened.finding.violation == due.violation
        and _seconds(opened) >= due.from_s
        and any(place.iou(box) >= SAME_PLACE_IOU for box in due.boxes_unit)
    )


def _seconds(opened: Opened) -> float:
    return (opened.finding.threshold_at - DEFAULT_START).total_seconds()


def _clip(path: Path, interval_s: float, for_s: float | None) -> GateClip:
    beside = path.with_suffix(".truth.json")
    if not beside.is_file():
        return GateClip(path=path, interval_s=interval_s, for_s=for_s)
    truth = json.loads(beside.read_text(encoding="utf-8"))
    return GateClip(
        path=path,
        interval_s=truth.get("interval_s", interval_s),
        zones=tuple(_zones(truth)),
        due=tuple(_due(truth)),
    )


def _zones(truth: dict[str, Any]) -> Iterator[Zone]:
    width, height = truth["width_px"], truth["height_px"]
    for name, corners in truth["zones_px"].items():
        kind = _KINDS.get(name.partition("_")[0])
        if kind is not None:
            yield Zone(
                name=name,
                kind=kind,
                polygon_unit=tuple(
                    (min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0))
                    for x, y in corners
                ),
                permits=(_ALL_DAY,) if kind is ZoneKind.PERMITTED else (),
            )


def _due(truth: dict[str, Any]) -> Iterator[Due]:
    scale = 1 / truth["width_px"], 1 / truth["height_px"]
    for event in truth["events"]:
        violation = _VIOLATION.get(event["kind"])
        if violation is None or event.get("permitted"):
            continue
        boxes = {
            tuple(box["xyxy_px"])
            for frame in truth["frames"]
            if event["from_s"] <= frame["t_s"] <= event["to_s"]
            for box in frame["boxes"]
            if box["track"] == event["track"]
        }
        yield Due(
            violation=violation,
            track=event["track"],
            from_s=event["from_s"],
            boxes_unit=tuple(Box(*corners).scaled(*scale) for corners in sorted(boxes)),
        )
