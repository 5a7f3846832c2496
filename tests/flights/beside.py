"""Puts the simulator, whose scripts run by path, where it can be imported."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "datasets" / "flights_simulated", ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
