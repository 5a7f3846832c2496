"""How a body is turned against north, east and down, and how one turning follows another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_UPRIGHT = 1e-6  # a forward axis this near the vertical has no direction of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Attitude:
    """Degrees, applied in this order to a body that lies level and points north: yaw clockwise
    seen from above, pitch with the nose up, roll with the right side down."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    @classmethod
    def of(cls, matrix: Matrix) -> Attitude:
        """Of a rotation (3, 3): pitch -90 to 90, yaw and roll -180 to 180.

        Straight up or down yaw and roll are one: roll is then nought.
        """
        forward, right, down = matrix.T
        level = math.hypot(forward[0], forward[1])
        pitch_deg = math.degrees(math.atan2(-forward[2], level))
        if level < _UPRIGHT:
            yaw_deg, roll_deg = math.degrees(math.atan2(-right[0], right[1])), 0.0
        else:
            yaw_deg = math.degrees(math.atan2(forward[1], forward[0]))
            roll_deg = math.degrees(math.atan2(right[2], down[2]))
        return cls(yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg)

    def matrix(self) -> Matrix:
        """(3, 3): columns are the body's forward, right and down in north, east, down."""
        turns = (self.yaw_deg, self.pitch_deg, self.roll_deg)
        (cy, sy), (cp, sp), (cr, sr) = (
            (math.cos(math.radians(a)), math.sin(math.radians(a))) for a in turns
        )
        yaw = np.array([[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]])
        pitch = np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]])
        roll = np.array([[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]])
        return np.asarray(yaw @ pitch @ roll, np.float64)

    def carrying(self, other: Attitude) -> Attitude:
        """The attitude of something mounted on this body and turned by `other` against it."""
        return Attitude.of(self.matrix() @ other.matrix())

    def towards(self, other: Attitude, share: float) -> Attitude:
        """A share (0 to 1) of the shortest turn from this attitude to the other."""
        mine = self.matrix()
        turn, _ = cv2.Rodrigues(mine.T @ other.matrix())
        part, _ = cv2.Rodrigues(turn * share)
        return Attitude.of(mine @ part)
