"""The first passes of a process, made by several threads at once, do not stop it for good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROCESSES = 6
FIRST_PASSES = """
import sys
import threading
from pathlib import Path

import numpy as np

from detector.inference.backend import OpenVinoBackend

sys.setswitchinterval(1e-6)  # threads change places in every line: what is rare becomes common
engine = OpenVinoBackend(Path(sys.argv[1]), 1, at_once=2)
engine.warm((1, 3, 8, 8))
begin = threading.Barrier(2)


def look():
    begin.wait()
    engine.run(np.zeros((1, 3, 8, 8), np.float32))


threads = [threading.Thread(target=look) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A network that passes its input on."""
    import openvino
    from openvino import opset8

    picture = opset8.parameter([1, 3, 8, 8], np.float32)
    path = tmp_path / "network.xml"
    openvino.save_model(openvino.Model([opset8.relu(picture)], [picture]), path)
    return path


def test_two_threads_may_make_the_first_passes(weights: Path):
    """Without a pass made by one thread first, three in six of these processes stand still."""
    for _ in range(PROCESSES):
        subprocess.run([sys.executable, "-c", FIRST_PASSES, str(weights)], check=True, timeout=60)
