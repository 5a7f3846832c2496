"""A keyframe as it was sent, to be decoded when somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import av
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """Ten times smaller than its picture: thousands may wait for their look."""

    codec: str
    extradata: bytes | None
    data: bytes

    @classmethod
    def of(cls, packets: Sequence[Packet[VideoStream]], stream: VideoStream) -> Keyframe:
        """`packets`: all pieces of one picture, in their order."""
        context, data = stream.codec_context, b"".join(bytes(packet) for packet in packets)
        return cls(codec=context.name, extradata=context.extradata, data=data)

    def picture(self) -> VideoFrame | None:
        """None where it is broken."""
        context = cast(VideoCodecContext, CodecContext.create(self.codec, "r"))
        context.extradata = self.extradata
        context.options = {"err_detect": "explode"}
        context.thread_count = 1
        try:
            pictures = [*context.decode(Packet(self.data)), *context.decode(None)]
        except (av.FFmpegError, ValueError, EOFError):
            return None
        whole = [one for one in pictures if not one.is_corrupt]
        return whole[0] if whole else None
