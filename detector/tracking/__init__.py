"""The same thing over several looks."""

from detector.tracking.config import TrackerConfig
from detector.tracking.ground import GroundTracker
from detector.tracking.still import StillTracker

__all__ = ["GroundTracker", "StillTracker", "TrackerConfig"]
