"""A camera that somebody turned away: its zones lie elsewhere, so nothing follows from them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import av
import numpy as np

from api.config import parse_config
from api.service import Service
from detector.sources.trust import TrustCheck
from tests.api.city import model

TURNED_S, BACK_S, STALL_S, END_S = 40, 110, 120, 190


def film(path: Path) -> Path:
    """A picture a second. Turned away it sees a stall, too, from a time at which that is known."""
    ground = np.random.default_rng(1).integers(70, 180, (18, 32, 3), np.uint8)
    ground = ground.repeat(10, 0).repeat(10, 1)
    rng = np.random.default_rng(2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "12"}
        for second in range(END_S):
            turned = TURNED_S <= second < BACK_S
            image = np.roll(ground, 100, axis=1) if turned else ground
            image = np.clip(image + rng.integers(-6, 7, image.shape), 0, 255).astype(np.uint8)
            if second >= STALL_S or (turned and second >= TURNED_S + 25):
                image[60:120, 120:180] = (30, 30, 230)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def test_a_turned_camera_s_zones_are_suspended_until_it_looks_there_again(tmp_path: Path):
    road = {"name": "road", "kind": "road", "polygon_unit": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    source = {"id": "c", "kind": "stream", "pace": "fast", "interval_s": 1}
    camera = {**source, "url": str(film(tmp_path / "street.mp4")), "tasks": ["vendor"]}
    raw = {
        "data_folder": tmp_path / "data",
        "cameras": [{**camera, "zones": [road]}],
        "rules": {"vendor": {"dwell_s": 30}},
        "evidence": {"min_free_bytes": 0},
    }
    service = Service(parse_config(raw, "test"), detectors=[model()])
    one = service.engine.camera("c")
    one._trust = TrustCheck(service.config.cameras[0].trust, fixed=True)  # as at a live camera
    one.source.start()
    began = None
    while not service.engine.drained:
        one.look()
        began = began or one.tally.snapshot().last_look_at
    one.source.stop()
    one.close()
    assert one.tally.snapshot().blind_s["view_moved"] > 40
    (incident,) = service.records.queries.incidents().items
    assert incident.opened_at - incident.first_seen_at >= timedelta(seconds=30)
    assert incident.first_seen_at - began >= timedelta(seconds=STALL_S - 2)
    service.stop()
