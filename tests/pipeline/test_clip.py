"""The clip around the moment in which a rule's condition was met."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

from api.config import parse_config
from api.service import Service
from detector.evidence import Sealer
from tests.api.city import model

FPS = 5


def street(path: Path, seconds: int, stall_from_s: int) -> Path:
    """A noisy street at 5 frames a second, a keyframe every second, a red stall from then on."""
    rng = np.random.default_rng(1)
    ground = rng.integers(70, 180, (18, 32, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size = FPS
        for number in range(seconds * FPS):
            image = ground.copy()
            if number >= stall_from_s * FPS:
                image[60:120, 120:180] = (30, 30, 230)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def test_it_is_cut_from_the_cameras_own_packets_around_the_threshold(tmp_path: Path):
    video = street(tmp_path / "street.mp4", 60, 10)
    camera = {"id": "c", "kind": "stream", "url": str(video), "pace": "fast", "interval_s": 1}
    raw = {
        "data_folder": tmp_path / "data",
        "cameras": [{**camera, "tasks": ["vendor"]}],
        "rules": {"vendor": {"dwell_s": 20}},
        "evidence": {"min_free_bytes": 0},
    }
    service = Service(parse_config(raw, "test"), detectors=[model()])
    one = service.engine.camera("c")
    one.source.start()
    while not service.engine.drained:
        one.look()
    one.source.stop()
    one.close()

    (incident,) = service.records.queries.incidents().items
    rows = service.records.queries.evidence(incident.id)
    (clip,) = [row for row in rows if row.kind == "clip"]
    assert (clip.variant, clip.media_type) == ("sealed", "video/mp4")
    assert 8 <= (incident.opened_at - clip.captured_at).total_seconds() <= 11
    assert 4 <= (clip.ends_at - incident.opened_at).total_seconds() <= 5
    assert service.records.chain.verify(incident.id).intact

    sealed = service.records.store.get(clip.key)
    key = service.config.evidence.sealing.path_in(service.config.data_folder)
    data = Sealer.from_file(key).unseal(sealed, clip.key.encode())
    with av.open(io.BytesIO(data)) as container:
        pictures = [p.to_ndarray(format="bgr24") for p in container.decode(video=0)]
    assert len(pictures) >= 14 * FPS
    assert pictures[-1][90, 150, 2] > 180
    service.stop()
