"""Puts this folder and the simulator, which runs by path, where the tests can import them."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parents[1] / "datasets" / "flights_simulated"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
