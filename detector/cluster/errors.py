"""What a node is told when it no longer counts."""

from __future__ import annotations

from detector.types import XunjieError


class CameraLostError(XunjieError):
    """Another node looks at the camera by now: nothing was written."""


class NodeReplacedError(XunjieError):
    """Another process has taken the node's name over: this one holds nothing any more."""
