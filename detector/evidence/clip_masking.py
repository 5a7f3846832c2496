"""A sealed clip as a sequence of masked pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.evidence.hidden_region import MaskingConfig
from detector.evidence.jpeg import encode_jpeg, shrunk
from detector.evidence.masking import PolygonUnit, mask
from detector.types import Detections, PictureError


class ShownClipConfig(BaseModel):
    """How clips are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures_per_s: float = Field(default=4, gt=0, le=25)
    most_pictures: int = Field(default=120, ge=1, le=1000)
    """Of one clip; every one is looked at by the models, because each is masked by itself."""

    longest_px: int = Field(default=1280, ge=320)
    jpeg_quality: int = Field(default=80, ge=1, le=100)
    cache_bytes: int = Field(default=64 * 1024**2, ge=0)
    """Masked clips kept in memory, so that playing one again costs nothing."""

    give_up_after_s: float = Field(default=5, gt=0)
    """Nobody has asked for more of the clip for so long: its masking ends."""


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """One masked picture of a clip."""

    offset_s: float  # since the clip's first picture
    jpeg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    offset_s: float
    image: NDArray[np.uint8]
    detections: Detections


def masked_clip(
    data: bytes,
    see: Callable[[NDArray[np.uint8]], Detections],
    masking: MaskingConfig,
    config: ShownClipConfig,
    privacy_polygons_unit: Sequence[PolygonUnit] = (),
) -> Iterator[ClipPicture]:
    """Pictures of the video file `data` in which no face or plate can be recognised, one by one.

    `see` gives the detections of one (H, W, 3) BGR picture, weak ones included. A picture is masked
    by its own detections and by those of the picture before and after it: who is missed in one look
    in between stays hidden. Raises PictureError for a file without a readable picture, ConfigError
    where `see` does not look for people.
    """
    moments = (_Moment(offset_s, image, see(image)) for offset_s, image in _sampled(data, config))
    none = True
    for moment, near in _with_neighbours(moments):
        masked = mask(moment.image, near, masking, privacy_polygons_unit)
        small, _ = shrunk(masked, config.longest_px)
        none = False
        yield ClipPicture(moment.offset_s, encode_jpeg(small, config.jpeg_quality))
    if none:
        raise PictureError("the clip holds no readable picture", code="clip_unreadable")


def _with_neighbours(moments: Iterator[_Moment]) -> Iterator[tuple[_Moment, Detections]]:
    """At most three pictures are in memory."""
    before, current = None, next(moments, None)
    while current is not None:
        after = next(moments, None)
        near = [each.detections for each in (before, current, after) if each is not None]
        yield current, Detections.merged(near)
        before, current = current, after


def _sampled(data: bytes, config: ShownClipConfig) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Seconds since the first picture, and (H, W, 3) BGR; a broken end ends the clip."""
    every_s, began_s, due_s, count = 1 / config.pictures_per_s, None, 0.0, 0
    try:
        with av.open(io.BytesIO(data), "r") as container:
            for frame in container.decode(video=0):
                if count == config.most_pictures:
                    return
                if frame.time is None:
                    continue
                began_s = frame.time if began_s is None else began_s
                offset_s = frame.time - began_s
                if offset_s + 1e-6 < due_s:
                    continue
                due_s, count = max(due_s + every_s, offset_s + every_s / 2), count + 1
                yield offset_s, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except (av.FFmpegError, IndexError) as error:
        if count == 0:
            raise PictureError(
                f"the clip cannot be read: {error}", code="clip_unreadable"
            ) from error
