"""One source at work: its looks, its trust, its watch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from detector.evidence import LatestPictures
from detector.incidents import Changes
from detector.patrol.worth import History, PatrolConfig
from detector.pipeline.evidence_desk import EvidenceDesk, PendingClip
from detector.pipeline.examination import Examination
from detector.pipeline.recent_looks import RecentLooks
from detector.pipeline.recorder import Recorder, Viewpoint, Written
from detector.pipeline.tally import Tally
from detector.sources.trust import TrustCheck
from detector.types import ConfigError, Frame, NoFrame, Source, XunjieError

_log = structlog.get_logger(__name__)
_SAVE_IDLE: Final = timedelta(minutes=5)


class Examiner(Protocol):
    """What looks at a frame: a Watch of a fixed camera, or the one GroundWatch of all others."""

    def examine(self, frame: Frame) -> Examination | None: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Unwritten:
    """A look that was seen but could not be written: it is not seen twice, only written later."""

    frame: Frame
    seen: Examination


class Camera:
    """Takes one look at a time; the engine calls it from one thread at a time."""

    def __init__(
        self,
        *,
        source: Source,
        interval_s: float,
        trust: TrustCheck,
        examiner: Examiner,
        blind: Callable[[datetime], None],
        view: Viewpoint,
        recorder: Recorder,
        evidence: EvidenceDesk,
        latest: LatestPictures,
        presence_id: str,
        save_every_s: float = 5,
        changed: Callable[[Changes], None] = lambda changes: None,
        priority: float = 1.0,
        history: History | None = None,
    ) -> None:
        self.source = source
        self.interval_s = interval_s
        self.tally = Tally()
        self.view = view
        self.recent = RecentLooks()
        self._trust = trust
        self._examiner = examiner
        self._blind = blind
        self._recorder = recorder
        self._evidence = evidence
        self._latest = latest
        self._presence_id = presence_id
        self._save_every = timedelta(seconds=save_every_s)
        self._changed = changed
        self._priority = priority
        self._history = history or History(PatrolConfig())
        self._saved_at: datetime | None = None
        self._saved_tracks = False
        self._newest_at: datetime | None = None
        self._unwritten: _Unwritten | None = None
        self._clips: list[PendingClip] = []
        self._asked: deque[Callable[[], None]] = deque()

    @property
    def id(self) -> str:
        return self.source.source_id

    def rate(self) -> float:
        """What a second of waiting for a look counts, by the machine's clock now."""
        return self._history.worth(self._priority, datetime.now(UTC)) / self.interval_s

    def restore(self, state: dict[str, Any], newest_at: datetime | None = None) -> None:
        """Continues from a saved presence; a state that does not fit is left out and logged.

        `newest_at`: of the last look by another node; looks by a clock that is behind it wait.
        """
        self._newest_at = newest_at
        try:
            self._examiner.restore(state["tracks"])
            self._trust.restore(state["trust"])
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            _log.warning("presence_unreadable", source=self.id, error=str(error))

    def state(self) -> dict[str, Any]:
        """JSON-serialisable: what a restart must not lose."""
        return {"tracks": self._examiner.state(), "trust": self._trust.state()}

    def before_next_look(self, change: Callable[[], None]) -> None:
        """Calls it on the thread that looks, so that no look is half under the old settings; until
        it has not raised, no look is made."""
        self._asked.append(change)

    def look(self) -> bool:
        """One look. True: something was there, so that a source that is drained may have more.

        Raises XunjieError when it could not be written; it is then written first next time.
        """
        if self._unwritten is not None:
            self._write(self._unwritten)
            return True
        while self._asked:
            self._asked[0]()
            self._asked.popleft()
        got = self.source.look()
        if got is None:
            self._finish_clips(self._newest_at)
            return False
        if isinstance(got, NoFrame):
            self._be_blind(got)
            return True
        if self._newest_at is not None and self.view.fixed and got.captured_at < self._newest_at:
            return True  # a clock that jumped back: the tracker's time must not
        untrusted = self._trust.check(got)
        if untrusted is not None:
            # Its picture is not shown: nobody has looked for faces in it.
            self._be_blind(untrusted)
            self._set_aside(got)
            return True
        self._examine(got)
        return True

    def close(self) -> None:
        """Writes what is still in memory; the source has been stopped."""
        if self._unwritten is not None:
            self._write(self._unwritten)
        self._finish_clips(None)
        if self._newest_at is not None:
            self._recorder.save(self._presence_id, self.state(), self._newest_at, self.view)

    def _examine(self, frame: Frame) -> None:
        seen = self._examiner.examine(frame)
        if seen is None:
            self.tally.unplaced()
            _log.warning("picture_without_position", source=self.id, key=frame.origin_key)
            self._set_aside(frame)
            return
        self._newest_at = frame.captured_at
        self.recent.remember(seen.look)
        self._latest.remember(frame, seen.weak_detections, self.view.privacy)
        self._write(_Unwritten(frame=frame, seen=seen))

    def _write(self, look: _Unwritten) -> None:
        at = look.frame.captured_at
        presence = self.state() if self._must_save(look.seen, at) else None
        try:
            written = self._recorder.record(
                look.frame, look.seen, self.view, presence, self._presence_id
            )
        except XunjieError as error:
            self._unwritten = look if not self.source.paced else None
            self.tally.failed(str(error))
            raise
        self._unwritten = None
        if presence is not None:
            self._saved_at, self._saved_tracks = at, bool(look.seen.look.tracks)
        self.tally.good(at)
        self._done(look.frame)
        self._follow_up(look.frame, written)

    def _must_save(self, seen: Examination, at: datetime) -> bool:
        """A dwell must not be lost; an empty street may be forgotten for minutes."""
        if self._saved_at is None or seen.findings:
            return True
        busy = bool(seen.look.tracks) or self._saved_tracks  # an end is saved as soon as a stay
        wait = self._save_every if busy else max(self._save_every, _SAVE_IDLE)
        return at - self._saved_at >= wait

    def _follow_up(self, frame: Frame, written: Written) -> None:
        for incident in written.changes.opened:
            _log.info(
                "incident_opened",
                source=self.id,
                incident=str(incident.id),
                violation=incident.violation,
                subtype=incident.subtype,
                reason=incident.reason,
            )
            self._clips.append(self._evidence.pending_clip(incident, frame))
            self._history.opened(datetime.now(UTC))
        if written.changes.any:
            self._changed(written.changes)
        self._finish_clips(frame.captured_at)

    def _finish_clips(self, now: datetime | None) -> None:
        """Cuts what is complete; None: the source is at its end, take what there is."""
        ready = [clip for clip in self._clips if now is None or now >= clip.to_at]
        for clip in ready:
            self._recorder.cut_clip(clip, self.source, self.view)
            self._clips.remove(clip)

    def _be_blind(self, got: NoFrame) -> None:
        self.tally.blind(got.reason, got.detail, got.at)
        if self._newest_at is None or got.at >= self._newest_at:
            self._blind(got.at)

    def _set_aside(self, frame: Frame) -> None:
        """A picture that cannot be judged counts as examined: it will not get better."""
        self._recorder.set_aside(frame, self.view)
        self._done(frame)

    def _done(self, frame: Frame) -> None:
        """Sources that keep a picture until it was examined may let go of it."""
        done = getattr(self.source, "done", None)
        if frame.origin_key is not None and done is not None:
            done(frame.origin_key)
