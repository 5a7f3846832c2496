"""Tries each camera once, and says what is wrong and how to mend it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detector.pipeline.camera_config import CameraConfig
from detector.sources.registry import SourceContext, build_source
from detector.sources.trust import TrustCheck
from detector.types import BlindReason, Frame, Source, SourceState, XunjieError

_STEP_S: Final = 0.1
_MEND: Final = {
    "401": "check user name and password in the camera's url",
    "unauthorized": "check user name and password in the camera's url",
    "password": "check user name and password in the camera's url",
    "403": "the camera refuses this account; ask its owner for access",
    "404": "the path in the url is not known to the camera; check channel and stream names",
    "refused": "nothing listens there; check address and port",
    "timed out": "no answer; check address, network and firewall",
    "unreachable": "no route to the camera; check address and network",
    "name or service": "the host name is not known; check its spelling",
    "no such file": "the file does not exist; check the path",
    "invalid data": "this is no video that can be decoded; check the url or the file",
}
_MEND_BLIND: Final = {
    BlindReason.BLACK: "the picture is black; check the lens cap, the light or the encoder",
    BlindReason.OVEREXPOSED: "the picture is white; check exposure and sun",
    BlindReason.BLURRED: "the picture is blurred; clean or focus the lens",
    BlindReason.VIEW_MOVED: "the camera looks elsewhere than before; turn it back or redraw zones",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One line about one camera."""

    source_id: str
    ok: bool
    detail: str
    mend: str  # empty when all is well


def probe_all(
    cameras: Sequence[CameraConfig], spool: Path, wait_s: float, at_once: int = 16
) -> list[ProbeResult]:
    """Every camera, in their order; a dead one holds up nobody but itself."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(lambda camera: probe(camera, spool, wait_s), cameras))


def probe(camera: CameraConfig, spool: Path, wait_s: float) -> ProbeResult:
    """Waits up to `wait_s` for a picture. Sources that others fill are only opened."""
    try:
        source = build_source(camera.source, SourceContext(seen=lambda key: False, spool_dir=spool))
        source.start()
    except XunjieError as error:
        return _bad(camera.id, str(error))
    try:
        return _wait(camera, source, wait_s)
    finally:
        source.stop()


def _wait(camera: CameraConfig, source: Source, wait_s: float) -> ProbeResult:
    deadline_s = time.monotonic() + wait_s
    while time.monotonic() < deadline_s:
        got = source.look()
        if isinstance(got, Frame):
            return _picture(camera, got)
        health = source.health()
        if health.state in (SourceState.DOWN, SourceState.ENDED):
            return _bad(camera.id, health.reason or health.state)
        if not source.paced and health.state is SourceState.LIVE and got is None:
            return ProbeResult(source_id=camera.id, ok=True, detail="open, empty", mend="")
        time.sleep(_STEP_S)
    health = source.health()
    reason = health.reason or "no picture"
    return _bad(camera.id, f"{health.state} after {wait_s:.0f} s: {reason}")


def _picture(camera: CameraConfig, frame: Frame) -> ProbeResult:
    size = f"{frame.width_px}×{frame.height_px}"
    untrusted = TrustCheck(camera.trust, fixed=False).check(frame)
    if untrusted is None:
        return ProbeResult(source_id=camera.id, ok=True, detail=f"live, {size}", mend="")
    mend = _MEND_BLIND.get(untrusted.reason, "look at the camera's picture")
    detail = f"{size}, {untrusted.reason}: {untrusted.detail}"
    return ProbeResult(source_id=camera.id, ok=False, detail=detail, mend=mend)


def _bad(source_id: str, detail: str) -> ProbeResult:
    lower = detail.lower()
    mend = next((advice for sign, advice in _MEND.items() if sign in lower), "")
    return ProbeResult(
        source_id=source_id, ok=False, detail=detail, mend=mend or "check the camera and its url"
    )
