"""Decodes as few of a stream's packets as will do, and hands out no broken picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from detector.sources.keyframe import Keyframe
from detector.sources.lag import Lag

_LIVE_THREADS: Final = 2  # each holds a frame back: more would make the newest one old
_MENDING_S: Final = 12.0  # without a whole keyframe for so long, the stream will not send any


class KeyframeChooser:
    """Decides at each keyframe whether keyframes alone come often enough."""

    def __init__(self, enough_s: float) -> None:
        self._enough_s = enough_s
        self._last_s: float | None = None
        self._spacings_s: list[float] = []
        self.keys_only = False

    def keyframe(self, at_s: float) -> None:
        if self._last_s is not None and at_s > self._last_s:
            self._spacings_s = [*self._spacings_s[-1:], at_s - self._last_s]
        self._last_s = at_s
        spacings_s = self._spacings_s
        self.keys_only = len(spacings_s) == 2 and max(spacings_s) <= self._enough_s


class Decoder:
    """One connection's decoder. `enough_s`: keyframes that come so often are all that is needed.

    `lag` is for live streams: packets that lie too far behind are read but not decoded.
    `put_off`: where keyframes alone are needed they are handed out as they came. Most are never
    looked at, since a newer one comes before the look.
    """

    def __init__(
        self,
        stream: VideoStream,
        *,
        enough_s: float,
        newest_first: bool,
        lag: Lag | None,
        put_off: bool = False,
    ) -> None:
        self._stream, self._context = stream, stream.codec_context
        self._puts_off = put_off
        self._enough_s, self._lag = enough_s, lag
        self._chooser = KeyframeChooser(enough_s)
        self._broken = False
        self._whole_at_s: float | None = None  # the last keyframe without fault
        self.errors = 0
        # Else the decoder would paint over what is missing, and a smear may look like anything.
        self._context.options = {"err_detect": "explode"}
        stream.thread_type = "AUTO"
        if newest_first:
            self._context.thread_count = _LIVE_THREADS

    def rewound(self) -> None:
        self._chooser = KeyframeChooser(self._enough_s)
        self._context.flush_buffers()

    def disappointed(self) -> None:
        """A keyframe that was handed out is broken: from now on each is decoded here, where the
        next one is not long to come, and where it is noticed that none can be decoded."""
        self._puts_off = False

    def pictures(
        self, packet: Packet[VideoStream], at_s: float, now_s: float
    ) -> Sequence[VideoFrame | Keyframe]:
        """The good pictures that the packet completes; `at_s` is its own time."""
        if packet.size and packet.is_keyframe:
            self._chooser.keyframe(at_s)
        if self._lag is not None and packet.size:
            self._lag.packet(at_s, now_s)
        keys_only = self._chooser.keys_only or (self._lag is not None and self._lag.too_far)
        if packet.has_sidedata("new_extradata"):  # which the context does not tell
            self._puts_off = False
        if keys_only and self._puts_off and packet.size and packet.is_keyframe:
            self._context.flush_buffers()
            self._broken, self._whole_at_s = False, at_s
            return [Keyframe.of([packet], self._stream)]
        return [p for p in self._decode(packet, keys_only, at_s) if self._mended(p, at_s)]

    def _decode(
        self, packet: Packet[VideoStream], keys_only: bool, at_s: float
    ) -> list[VideoFrame]:
        context = self._context
        context.skip_frame = "NONKEY" if keys_only else "DEFAULT"
        if keys_only and packet.size and not packet.is_keyframe:
            return []
        try:
            pictures = context.decode(packet if packet.size else None)
            if keys_only and packet.size:  # drained at once, or threads would hold it back
                pictures += context.decode(None)
                context.flush_buffers()
        except (av.error.InvalidDataError, ValueError, av.error.PatchWelcomeError):
            self.errors += 1
            self._broken = True
            return []
        except EOFError:
            return []
        for picture in pictures:  # those drained after a flush do not know their clock
            picture.time_base = packet.time_base or picture.time_base
        return pictures

    def _mended(self, picture: VideoFrame, at_s: float) -> bool:
        """False for a picture that is broken or builds on a broken one."""
        if self._whole_at_s is None:
            self._whole_at_s = at_s
        if picture.is_corrupt:
            self.errors += 1
            self._broken = True
            return False
        if picture.key_frame:
            self._broken, self._whole_at_s = False, at_s
        elif self._broken and abs(at_s - self._whole_at_s) < _MENDING_S:
            return False
        return True
