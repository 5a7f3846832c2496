"""Smaller numbers find the same incidents as float32, on the rendered clip of a missing cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from detector.inference import BackendName
from detector.sources.recording import Recording
from tests.acceptance.same_incidents import ROOT, compare, models_on, same

CLIP = ROOT / "datasets" / "scenes" / "clips" / "cover_missing.mp4"
INTERVAL_S = 12
SMALL = (BackendName.OPENVINO_BF16, BackendName.OPENVINO_INT8)


@pytest.mark.parametrize("engine", SMALL)
def test_the_same_incident_at_the_same_moments(engine: BackendName):
    other = models_on(engine)
    if not any(model.engine is engine for model in other):
        pytest.skip(f"no released model runs on {engine} on this CPU")
    frames = Recording(path=CLIP, source_id="cover", interval_s=INTERVAL_S).frames()
    found = compare(frames, models_on(BackendName.OPENVINO), other, dwell_s=60)
    assert found.incidents, "the clip shows a missing cover, and nothing was compared"
    assert found.same_incidents
    incident, *_ = found.incidents.values()
    later = replace(incident, threshold_at=incident.threshold_at + timedelta(seconds=INTERVAL_S))
    assert not same([later], [incident])
    assert not same([], [incident])
