"""INT8 weights give the same on a CPU without VNNI, where two products are summed in 16 bits."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
NARROW = ("covers", "aerial")  # released for such CPUs too
PASS = """
import sys
import numpy as np
from pathlib import Path
from detector.inference.backend import OpenVinoBackend
picture = np.load(sys.argv[2])
np.save(sys.argv[3], OpenVinoBackend(Path(sys.argv[1]), 1).run(picture))
"""


def outputs(weights: Path, picture: Path, target: Path, instructions: str) -> np.ndarray:
    """Of a process in which OpenVINO's convolutions know no others than these instructions."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ONEDNN_MAX_CPU_ISA": instructions}
    command = [sys.executable, "-c", PASS, str(weights), str(picture), str(target)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return np.load(target)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="instructions of x86")
@pytest.mark.parametrize("name", NARROW)
def test_the_same_comes_out_without_vnni(tmp_path: Path, name: str):
    """Bright and noisy, so that inputs are large."""
    chance = np.random.default_rng(0)
    picture = tmp_path / "picture.npy"
    np.save(picture, chance.uniform(0.5, 1, (1, 3, 192, 320)).astype(np.float32))
    weights = ROOT / "models" / name / "weights.int8.onnx"
    wide = outputs(weights, picture, tmp_path / "wide.npy", "ALL")
    narrow = outputs(weights, picture, tmp_path / "narrow.npy", "AVX2")
    assert np.abs(wide[:, :4] - narrow[:, :4]).max() < 0.1  # pixels
    assert np.abs(wide[:, 4:] - narrow[:, 4:]).max() < 1e-3
