"""Writes one look down: incidents, evidence, presence, in one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from detector.cluster import Fence
from detector.evidence import PolygonUnit
from detector.incidents import (
    Changes,
    Database,
    IncidentRegistry,
    Observation,
    Transaction,
    has_open_incident,
    mark_processed,
    save_presence,
)
from detector.pipeline.evidence_desk import EvidenceDesk, PendingClip
from detector.pipeline.examination import Examination
from detector.types import Box, Finding, Frame, Place, Position, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What recording a look led to. `fresh` is False for a picture that was recorded before."""

    changes: Changes
    fresh: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """What the recorder must know of a source."""

    source_id: str
    fixed: bool
    violations: frozenset[str]
    privacy: Sequence[PolygonUnit] = ()
    locate: Callable[[Box], Position | None] = lambda box: None
    """Ground position of a unit box on a fixed camera's picture."""

    fence: Fence | None = None
    """Where several nodes share the cameras: whether this one still may write."""


class Recorder:
    """Stateless but for its parts. Every method raises DiskFull, and CameraLostError where another
    node looks at the camera by now, with nothing written."""

    def __init__(
        self,
        database: Database,
        registry: IncidentRegistry,
        evidence: EvidenceDesk,
        posted: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._registry = registry
        self._evidence = evidence
        self._posted = posted

    def record(
        self,
        frame: Frame,
        seen: Examination,
        view: Viewpoint,
        presence: dict[str, Any] | None,
        presence_id: str,
    ) -> Written:
        """One usable look; `presence` is saved with it under `presence_id` where it is given."""
        if view.fence is not None:
            view.fence.check_own_clock()  # first pictures lie outside of the database
        self._evidence.before(frame, seen)
        if self._nothing_to_write(frame, seen, view):
            if presence is not None:
                self.save(presence_id, presence, frame.captured_at, view)
            return Written(changes=Changes())
        observation = _observation(frame, seen, view)
        with self._writing(view) as transaction:
            if frame.origin_key is not None and not mark_processed(
                transaction, frame.origin_key, frame.source_id, frame.captured_at
            ):
                return Written(changes=Changes(), fresh=False)
            changes = self._registry.record(transaction, observation)
            self._evidence.record(transaction, frame, seen, changes, view.privacy)
            if presence is not None:
                save_presence(transaction, presence_id, presence, frame.captured_at)
        self._evidence.after(frame, seen, changes)
        if changes.any:
            self._posted()
        return Written(changes=changes)

    def _nothing_to_write(self, frame: Frame, seen: Examination, view: Viewpoint) -> bool:
        """Most looks of a city show nothing: they must not cost a synced transaction each, nor one
        that asks for incidents where presence is all there is to save."""
        if seen.findings or frame.origin_key is not None:
            return False
        with self._database.reading() as transaction:
            return not has_open_incident(transaction, view.source_id)

    @contextlib.contextmanager
    def _writing(self, view: Viewpoint) -> Iterator[Transaction]:
        with self._database.transaction() as transaction:
            if view.fence is not None:
                view.fence.check(transaction)
            yield transaction

    def set_aside(self, frame: Frame, view: Viewpoint) -> None:
        """Marks a picture that cannot be judged as examined."""
        if frame.origin_key is not None:
            with self._writing(view) as transaction:
                mark_processed(transaction, frame.origin_key, frame.source_id, frame.captured_at)

    def cut_clip(self, pending: PendingClip, source: Source, view: Viewpoint) -> bool:
        """Adds the clip to its incident's evidence; False: the source has kept no packets."""
        with self._writing(view) as transaction:
            return self._evidence.clip(transaction, source, pending)

    def save(
        self, presence_id: str, presence: dict[str, Any], at: datetime, view: Viewpoint
    ) -> None:
        with self._writing(view) as transaction:
            save_presence(transaction, presence_id, presence, at)


def _observation(frame: Frame, seen: Examination, view: Viewpoint) -> Observation:
    present: dict[str, tuple[Place, ...]] = {}
    for violation, box in seen.present:
        present[violation] = (*present.get(violation, ()), _place(view, box))
    return Observation(
        source_id=view.source_id,
        fixed=view.fixed,
        at=frame.captured_at,
        clock=frame.clock,
        good_look=True,
        examined=view.violations,
        findings=tuple(_located(finding, view) for finding in seen.findings),
        present_places=present,
        occluded_places=tuple(_place(view, box) for box in seen.occluded) if view.fixed else (),
        model_sha256=seen.model_sha256,
    )


def _located(finding: Finding, view: Viewpoint) -> Finding:
    if not view.fixed or finding.place.position is not None:
        return finding
    position = view.locate(finding.place.box_unit)
    return replace(finding, place=replace(finding.place, position=position))


def _place(view: Viewpoint, box: Box) -> Place:
    return Place(source_id=view.source_id, box_unit=box, position=None, fixed=view.fixed)
