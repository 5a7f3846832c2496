"""The same thing over several looks."""

from detector.tracking.config import TrackerConfig
from detector.tracking.doubles import without_doubles
from detector.tracking.ground import GroundTracker
from detector.tracking.still import StillTracker

__all__ = ["GroundTracker", "StillTracker", "TrackerConfig", "without_doubles"]
