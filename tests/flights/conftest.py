"""Puts this folder and the simulator where the tests can import them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import beside  # noqa: F401
