"""Video streams of fixed cameras (RTSP, HLS, FLV, RTMP) and video files played in their place."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import AwareDatetime, Field, model_validator

from detector.sources.base import (
    Backoff,
    BaseSourceConfig,
    HealthLog,
    SourceContext,
    blind_look,
    redact,
    utc_now,
)
from detector.sources.connection import (
    AUTH_ERRORS,
    greet,
    is_playlist,
    open_file,
    open_stream,
    open_visit,
    words,
)
from detector.sources.decoder import Decoder
from detector.sources.doors import CONNECTIONS, Doors, doors_of_visits
from detector.sources.keyframe import Keyframe
from detector.sources.lag import Lag
from detector.sources.packets import PacketKeeper
from detector.sources.visit import first_keyframe
from detector.types import (
    Clip,
    Frame,
    NoFrame,
    SourceAuthError,
    SourceError,
    SourceHealth,
    SourceState,
)

KIND = "stream"
_QUEUE_FRAMES = 4
_LOOK_WAIT_S = 0.5


class StreamConfig(BaseSourceConfig):
    """A camera's stream, or a video file with `pace` realtime (by its clock) or fast (drained)."""

    kind: Literal["stream"] = "stream"
    url: str = Field(min_length=1)
    pace: Literal["live", "realtime", "fast"] = "live"
    loop: bool = False
    starts_at: AwareDatetime | None = None
    open_timeout_s: float = Field(default=15, gt=0)
    read_timeout_s: float = Field(
        default=20, gt=0, description="Of an RTSP stream also for each answer while it opens."
    )
    waking_for_s: float = Field(
        default=30, ge=0, description="A stream that was just asked for may refuse for so long."
    )
    stalled_after_s: float = Field(default=12, gt=0)
    undecodable_after_s: float = Field(
        default=30, gt=0, description="Reconnects when no picture comes out of the packets."
    )
    reconnect_min_s: float = Field(default=1, gt=0)
    reconnect_max_s: float = Field(
        default=5, gt=0, description="A camera that returns is seen again soon after so long."
    )
    refused_wait_s: float = Field(
        default=60, gt=0, description="Wait after a wrong password, which might lock the camera."
    )
    visit: bool = Field(
        default=False,
        description="Connects for one keyframe a look and lets go, instead of staying connected;"
        " there is no video around an incident then.",
    )
    keep_packets_s: float = Field(default=30, ge=0)
    keep_packets_mb: float = Field(default=16, ge=0)

    @model_validator(mode="after")
    def _pace_fits_url(self) -> Self:
        is_file = "://" not in self.url or self.url.startswith("file://")
        if self.pace == "live" and is_file:
            raise ValueError("pace: a file needs pace 'realtime' or 'fast'")
        if self.pace != "live" and not is_file:
            raise ValueError(f"pace: {self.pace!r} is for files only; streams are 'live'")
        if self.visit and self.pace != "live":
            raise ValueError("visit: only live streams are visited")
        return self


@dataclass(frozen=True, slots=True)
class _Decoded:
    at: datetime
    picture: VideoFrame | Keyframe


class StreamSource:
    """Reads on its own thread; keeps only the newest frame, or a short queue at pace fast.

    Of a live stream's keyframes the newest two are kept as they came: the older one is for a look
    that finds the newer one broken.
    """

    def __init__(
        self,
        config: StreamConfig,
        address: Callable[[], str] | None = None,
        visits: Doors | None = None,
    ) -> None:
        """`address` is asked for the url at each connection, of a stream that starts on demand;
        it raises SourceError as long as there is none. `visits` are the doors that all visited
        cameras share."""
        self._config, self._address = config, address
        self._doors = visits or doors_of_visits()
        self._url = config.url
        self._live, self._fast = config.pace == "live", config.pace == "fast"
        self._label = redact(config.url) if self._live else Path(config.url).name
        self._health = HealthLog(SourceState.WAKING, "not started")
        keep_mb = 0.0 if config.visit else config.keep_packets_mb
        self._keeper = PacketKeeper(config.keep_packets_s, int(keep_mb * 2**20))
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._newest: tuple[_Decoded, ...] = ()  # newest first
        self._queue: queue.Queue[_Decoded] = queue.Queue(_QUEUE_FRAMES)
        self._finish: tuple[SourceState, str] | None = None
        self._last_packet_s = self._last_frame_s = time.monotonic()
        self._starts_at = config.starts_at or utc_now()
        self._loops_s = 0.0  # media time of the loops played before this one
        self._media_s = 0.0  # newest media time within this loop
        self._length_s = 0.0  # media time that this loop's packets span, decoded or not
        self._zero_s: float | None = None
        self._next_s = 0.0  # media time from which the next drained frame counts
        self._began_s = 0.0
        self._started_s = 0.0
        self._decoder: Decoder | None = None
        self._earlier_errors = 0

    @property
    def source_id(self) -> str:
        return self._config.id

    @property
    def moving(self) -> bool:
        return False

    @property
    def paced(self) -> bool:
        return not self._fast

    @property
    def decode_errors(self) -> int:
        """Packets and pictures that were broken, since the start."""
        return self._earlier_errors + (self._decoder.errors if self._decoder else 0)

    def start(self) -> None:
        if self._thread is not None:
            return
        self._started_s = time.monotonic()
        self._health.set(SourceState.WAKING, "opening")
        self._thread = threading.Thread(
            target=self._run, name=f"stream-{self.source_id}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        for doors in (CONNECTIONS, self._doors):
            doors.send_home(self._stop)
        if self._thread is not None:
            self._thread.join(timeout=5)

    def look(self) -> Frame | NoFrame | None:
        for decoded in self._take():
            frame = self._frame(decoded)
            if frame is not None:
                return frame
        if self._fast:
            return None
        return blind_look(self.health(), self._now())

    def health(self) -> SourceHealth:
        self._settle()
        return self._health.snapshot()

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        return self._keeper.clip(from_at, to_at)

    def _take(self) -> tuple[_Decoded, ...]:
        if self._fast:
            waits = self._finish is None and self._thread is not None
            try:
                return (self._queue.get(waits, _LOOK_WAIT_S if waits else None),)
            except queue.Empty:
                return ()
        with self._lock:
            newest, self._newest = self._newest, ()
        if self._health.state is SourceState.LIVE or not self._live:
            return newest
        after = utc_now() - timedelta(seconds=self._config.interval_s)
        return tuple(one for one in newest if one.at >= after)  # not from before it broke off

    def _frame(self, decoded: _Decoded) -> Frame | None:
        picture: VideoFrame | None
        picture = p.picture() if isinstance(p := decoded.picture, Keyframe) else p
        if picture is None:
            self._earlier_errors += 1
            if self._config.visit:
                self._health.set(SourceState.STALLED, f"{self._label}: nothing can be decoded")
            elif self._decoder is not None:
                self._decoder.disappointed()
            return None
        try:
            image = picture.to_ndarray(format="bgr24")
        except (av.FFmpegError, ValueError):
            self._earlier_errors += 1
            return None
        return Frame(
            source_id=self.source_id,
            seq=self._health.delivered(decoded.at),
            captured_at=decoded.at,
            clock="wall" if self._live else "file",
            image=np.ascontiguousarray(image, dtype=np.uint8),
        )

    def _now(self) -> datetime:
        return utc_now() if self._live else self._media_at(self._media_s)

    def _media_at(self, media_s: float) -> datetime:
        return self._starts_at + timedelta(seconds=self._loops_s + media_s)

    def _settle(self) -> None:
        """Brings the state up to date where only the passing of time has changed it."""
        finish = self._finish
        if finish is not None:
            if self._queue.empty():
                self._health.set(*finish)
            return
        if self._fast or self._health.state is not SourceState.LIVE:
            return
        now_s, limit_s = time.monotonic(), self._config.stalled_after_s
        if self._config.visit:  # nothing comes between two visits
            limit_s = max(limit_s, 3 * self._config.interval_s)
        if now_s - self._last_packet_s > limit_s:
            self._health.set(SourceState.STALLED, f"{self._label}: nothing comes any more")
        elif now_s - self._last_frame_s > max(limit_s, 3 * self._config.interval_s):
            self._health.set(SourceState.STALLED, f"{self._label}: nothing can be decoded")

    def _run(self) -> None:
        backoff = Backoff(self._config.reconnect_min_s, self._config.reconnect_max_s)
        connect = self._visits if self._config.visit else self._session
        while not self._stop.is_set():
            frames_before_s = self._last_frame_s
            refused = False
            try:
                connect()
                return
            except SourceAuthError as error:
                refused, reason = True, str(error)
            except SourceError as error:
                reason = str(error)
            except Exception as error:  # a source must not die of one bad stream
                reason = f"{self._label}: {type(error).__name__}: {error}"
            if self._stop.is_set():
                return
            if self._fast:
                self._finish = (SourceState.DOWN, reason)
                return
            if self._last_frame_s != frames_before_s:
                backoff.reset()
                if self._address is not None:  # its last viewer seemed gone: it wakes anew
                    self._started_s = time.monotonic()
                    self._health.set(SourceState.WAKING, reason)
            waking = self._still_waking() and not refused
            self._health.set(SourceState.WAKING if waking else SourceState.DOWN, reason)
            wait_s = backoff.next_s()
            if self._stop.wait(max(wait_s, self._config.refused_wait_s) if refused else wait_s):
                return
            self._health.reconnecting()

    def _still_waking(self) -> bool:
        asked_s = time.monotonic() - self._started_s
        return self._health.state is SourceState.WAKING and asked_s < self._config.waking_for_s

    def _visits(self) -> None:
        """Connects for one keyframe every interval, until a visit fails (SourceError)."""
        while not self._stop.is_set():
            began_s = time.monotonic()
            with CONNECTIONS.held(self._stop) as entered:
                if entered:
                    self._find()
            with self._doors.held(self._stop) as entered:
                if entered:
                    self._visit()
            rest_s = self._config.interval_s - (time.monotonic() - began_s)
            self._stop.wait(max(0.0, rest_s))

    def _find(self) -> None:
        """Raises SourceError: a camera that is gone shall not keep others from being visited."""
        if self._address is not None:
            self._url = self._address()
        greet(self._url, self._config.open_timeout_s)

    def _visit(self) -> None:
        """One connection, until its first keyframe has come. Raises SourceError without one."""
        config = self._config
        with open_visit(
            self._url,
            open_timeout_s=config.open_timeout_s,
            read_timeout_s=config.read_timeout_s,
        ) as container:
            if not container.streams.video:
                raise SourceError(f"{self._label}: holds no video")
            stream = container.streams.video[0]
            packets = self._demux(container, stream)
            keyframe = first_keyframe(packets, stream, self._stop, config.undecodable_after_s)
        if keyframe is not None:
            self._bring(keyframe)
        elif not self._stop.is_set():
            raise SourceError(f"{self._label}: no keyframe came during the visit")

    def _bring(self, keyframe: Keyframe) -> None:
        self._last_packet_s = self._last_frame_s = time.monotonic()
        self._health.set(SourceState.LIVE)
        with self._lock:
            self._newest = (_Decoded(utc_now(), keyframe),)

    def _demux(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[Packet[VideoStream]]:
        """The stream's packets. Raises SourceAuthError or SourceError when a live one breaks off;
        of a file, what came before was delivered."""
        try:
            yield from container.demux(stream)
        except AUTH_ERRORS as error:
            raise SourceAuthError(f"{self._label}: wrong user name or password") from error
        except (av.FFmpegError, OSError) as error:
            if self._live:
                raise SourceError(f"{self._label}: broke off: {words(error)}") from error
            self._earlier_errors += 1

    def _session(self) -> None:
        """One connection, until it breaks (SourceError) or a file has ended (returns)."""
        with self._open() as container:
            if not container.streams.video:
                raise SourceError(f"{self._label}: holds no video")
            stream = container.streams.video[0]
            decoder = self._new_decoder(stream)
            self._keeper.restart()
            self._last_packet_s = self._last_frame_s = time.monotonic()
            self._began_s = time.monotonic() - self._loops_s
            while True:
                self._play(container, stream, decoder)
                if self._stop.is_set():
                    return
                if self._live:
                    raise SourceError(f"{self._label}: the stream ended")
                if not self._config.loop or self._length_s <= 0:
                    self._end(stream)
                    return
                self._rewind(container, stream, decoder)

    def _open(self) -> InputContainer:
        config = self._config
        if not self._live:
            return open_file(config.url, self._label)
        if self._address is not None:
            self._url = self._address()
        return open_stream(
            self._url,
            open_timeout_s=config.open_timeout_s,
            read_timeout_s=config.read_timeout_s,
        )

    def _new_decoder(self, stream: VideoStream) -> Decoder:
        self._earlier_errors = self.decode_errors
        steady = self._live and not is_playlist(self._url)
        self._decoder = Decoder(
            stream,
            enough_s=0.0 if self._fast else self._config.interval_s / 2,
            newest_first=not self._fast,
            lag=Lag() if steady else None,
            put_off=self._live,
        )
        return self._decoder

    def _rewind(self, container: InputContainer, stream: VideoStream, decoder: Decoder) -> None:
        self._loops_s += self._length_s
        self._media_s = self._length_s = 0.0
        container.seek(stream.start_time or 0, stream=stream)
        decoder.rewound()

    def _end(self, stream: VideoStream) -> None:
        reason = f"{self._label}: played to its end"
        planned_s = _planned_s(stream)
        if self._length_s < planned_s * 0.95 - 0.5:
            reason = f"{self._label}: cut short, only {self._length_s:.1f} s of {planned_s:.1f} s"
        elif self.decode_errors:
            reason = f"{self._label}: ended; {self.decode_errors} packets could not be decoded"
        self._finish = (SourceState.ENDED, reason)

    def _play(self, container: InputContainer, stream: VideoStream, decoder: Decoder) -> None:
        self._zero_s = None
        for packet in self._demux(container, stream):
            if self._stop.is_set():
                return
            self._packet(packet, stream, decoder)

    def _packet(self, packet: Packet[VideoStream], stream: VideoStream, decoder: Decoder) -> None:
        at_s = self._clock_packet(packet, stream) if packet.size else self._media_s
        self._last_packet_s = time.monotonic()
        for picture in decoder.pictures(packet, at_s, self._last_packet_s):
            self._picture(picture)
        limit_s = max(self._config.undecodable_after_s, 3 * self._config.interval_s)
        if self._live and self._last_packet_s - self._last_frame_s > limit_s:
            raise SourceError(f"{self._label}: nothing of it can be decoded")

    def _clock_packet(self, packet: Packet[VideoStream], stream: VideoStream) -> float:
        """Counts the packet's media time, waits for its turn at pace realtime, and keeps it.
        Returns its own time in seconds."""
        base = packet.time_base or stream.time_base
        ticks = packet.dts if packet.dts is not None else packet.pts
        if ticks is None or base is None:
            return self._media_s
        at_s = float(ticks * base)
        if self._zero_s is None:
            start = stream.start_time
            self._zero_s = float(start * base) if start is not None else at_s
        shown_s = float((packet.pts if packet.pts is not None else ticks) * base) - self._zero_s
        lasts_s = float(packet.duration * base) if packet.duration else _frame_s(stream)
        self._length_s = max(self._length_s, shown_s + lasts_s)
        if not self._live and not self._fast:
            due_s = self._began_s + self._loops_s + at_s - self._zero_s
            self._stop.wait(max(0.0, due_s - time.monotonic()))
        at = utc_now() if self._live else self._media_at(at_s - self._zero_s)
        self._keeper.add(at, packet, stream, self._loops_s)
        return at_s

    def _picture(self, picture: VideoFrame | Keyframe) -> None:
        if isinstance(picture, VideoFrame):
            self._clock_picture(picture)
        decoded = _Decoded(utc_now() if self._live else self._media_at(self._media_s), picture)
        self._last_frame_s = time.monotonic()
        if self._health.state is not SourceState.LIVE:
            self._health.set(SourceState.LIVE)
        if self._fast:
            self._enqueue(decoded)
            return
        with self._lock:
            older = self._newest[:1] if isinstance(picture, Keyframe) else ()
            self._newest = (decoded, *older)

    def _clock_picture(self, picture: VideoFrame) -> None:
        ticks = picture.pts if picture.pts is not None else picture.dts
        if ticks is not None and picture.time_base is not None:
            self._media_s = max(0.0, float(ticks * picture.time_base) - (self._zero_s or 0.0))

    def _enqueue(self, decoded: _Decoded) -> None:
        total_s = self._loops_s + self._media_s
        if total_s < self._next_s - 1e-6:
            return
        self._next_s = total_s + self._config.interval_s
        while not self._stop.is_set():
            try:
                self._queue.put(decoded, timeout=0.1)
                return
            except queue.Full:
                continue


def _planned_s(stream: VideoStream) -> float:
    """How long the file's header says it plays; 0 where it does not say."""
    if stream.duration is None or stream.time_base is None:
        return 0.0
    return float(stream.duration * stream.time_base)


def _frame_s(stream: VideoStream) -> float:
    return float(1 / stream.average_rate) if stream.average_rate else 0.04


CONFIG = StreamConfig


def build(config: StreamConfig, context: SourceContext) -> StreamSource:
    return StreamSource(config, visits=context.visits)
