"""The demonstration's cameras: recordings whose clocks fit the wall's."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from api.demo_command import DEMO_CLIPS, demo_config
from detector.incidents.utc import utc_now
from detector.sources.stream import StreamConfig


def test_no_moment_of_a_recording_is_still_to_come(tmp_path: Path) -> None:
    before = utc_now()
    cameras = demo_config(tmp_path, 0).cameras
    after = utc_now()

    assert len(cameras) == len(list(DEMO_CLIPS.glob("*.mp4"))) > 0
    for camera in cameras:
        recording = camera.source
        assert isinstance(recording, StreamConfig)
        assert recording.starts_at is not None
        truth = DEMO_CLIPS / f"{recording.id.replace('-', '_')}.truth.json"
        lasts = timedelta(seconds=json.loads(truth.read_text(encoding="utf-8"))["duration_s"])
        assert before <= recording.starts_at + lasts <= after
