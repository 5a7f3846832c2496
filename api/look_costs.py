"""Measures what looks cost on this machine, in a few seconds."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import av
import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from detector.evidence import LatestConfig, LatestPictures
from detector.inference.fake import FakeDetector
from detector.patrol.plan import Costs
from detector.pipeline.carrying import CarryConfig
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.keyframe import Keyframe
from detector.sources.trust import TrustCheck, TrustConfig
from detector.types import Detector, Frame

_WIDTH_PX: Final = 1920
_HEIGHT_PX: Final = 1080
_START = datetime(2026, 1, 1, tzinfo=UTC)

CONNECTED_CORE_MS_PER_S: Final = 1.5
VISIT_CORE_MS: Final = 15.0
CONNECTED_MIB: Final = 22.0
VISITED_MIB: Final = 2.7
"""They need a camera to connect to, which a machine that is being planned may not have. Memory of a
visited camera is that of tests/benchmarks/cameras.py; the others are estimates (kept packets are up
to 16 MiB a connected camera by default)."""


def measured_costs(
    detectors: Sequence[Detector], twice: Sequence[Detector] = (), looks: int = 5
) -> Costs:
    """Core-milliseconds: CPU time of this process, so that other programs hardly disturb. `twice`
    are those of the detectors that look again where something may be."""
    clip = _clip(looks)
    decode_ms, pictures = _decoded(clip)
    examined_ms = _examined(detectors, pictures)
    carried_ms = _carried(pictures)
    return Costs(
        examined_core_ms=decode_ms + examined_ms,
        carried_core_ms=decode_ms + carried_ms,
        second_core_ms=_detected(twice, pictures),
        connected_core_ms_per_s=CONNECTED_CORE_MS_PER_S,
        visit_core_ms=VISIT_CORE_MS,
        connected_mib=CONNECTED_MIB,
        visited_mib=VISITED_MIB,
        base_mib=psutil.Process().memory_info().rss / 2**20,
    )


def _clip(count: int) -> bytes:
    """So many 1080p H.264 keyframes of a made street, some 200 KiB each."""
    chance = np.random.default_rng(4)
    rough = chance.integers(60, 190, (68, 120, 3), np.uint8)
    street = cv2.resize(rough, (_WIDTH_PX, _HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream: Any = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = _WIDTH_PX, _HEIGHT_PX, "yuv420p"
        stream.codec_context.gop_size = 1
        stream.options = {"preset": "ultrafast", "qp": "30"}
        for _ in range(count):
            grain = chance.integers(0, 12, street.shape, np.uint8)
            image = np.asarray(cv2.add(street, grain), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


def _decoded(clip: bytes) -> tuple[float, list[av.VideoFrame]]:
    pictures: list[av.VideoFrame] = []
    costs: list[float] = []
    with av.open(io.BytesIO(clip), "r") as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size:
                cost_ms, picture = _cost(Keyframe.of([packet], stream).picture)
                pictures += [picture] if picture is not None else []
                costs.append(cost_ms)
    return statistics.median(costs), pictures


def _examined(detectors: Sequence[Detector], pictures: Sequence[av.VideoFrame]) -> float:
    rules = [build_rule({"rule": name}) for name in ("vendor", "cover")]
    looker = _Looker(Watch(detectors=detectors, rules=rules))
    looker.look(pictures[0], 0)  # compiles
    return statistics.median(
        _cost(partial(looker.look, picture, number + 1))[0]
        for number, picture in enumerate(pictures)
    )


def _detected(detectors: Sequence[Detector], pictures: Sequence[av.VideoFrame]) -> float:
    """The networks alone."""
    images = [_image(picture) for picture in pictures]
    return sum(
        statistics.median(_cost(partial(model.detect, [image]))[0] for image in images)
        for model in detectors
    )


def _carried(pictures: Sequence[av.VideoFrame]) -> float:
    """With a model that costs nothing: what is left of a look when the networks are not asked."""
    nothing = FakeDetector(lambda image: (), ("nothing",))
    watch = Watch(detectors=[nothing], rules=(), carry=CarryConfig(for_s=1e6, levels=64))
    looker = _Looker(watch)
    costs = [
        _cost(partial(looker.look, picture, number))[0] for number, picture in enumerate(pictures)
    ]
    return statistics.median(costs[2:] or costs)


class _Looker:
    """A look as a camera takes it, from the decoded picture on."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._trust = TrustCheck(TrustConfig(), fixed=True)
        self._latest = LatestPictures(LatestConfig())

    def look(self, picture: av.VideoFrame, number: int) -> None:
        at = _START + timedelta(seconds=10 * number)
        image = _image(picture)
        frame = Frame(source_id="plan", seq=number, captured_at=at, clock="file", image=image)
        self._trust.check(frame)
        seen = self._watch.examine(frame)
        self._latest.remember(frame, seen.weak_detections)


def _image(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """(H, W, 3), BGR."""
    return np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


def _cost(step: Callable[[], Any]) -> tuple[float, Any]:
    began_s = time.process_time()
    result = step()
    return (time.process_time() - began_s) * 1000, result
