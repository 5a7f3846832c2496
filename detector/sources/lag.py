"""How far a stream's packets lie behind what the camera sends."""

from __future__ import annotations

from typing import Final

_TOO_FAR_S: Final = 2.0
_CAUGHT_UP_S: Final = 0.5
_JUMP_S: Final = 30.0  # no buffer holds so much: the camera has set its clock
_DRIFT: Final = 0.001  # clocks of cameras run up to that much faster or slower


class Lag:
    """Compares the passing of the stream's time with that of our clock. A machine that decodes
    too slowly reads ever older packets out of full buffers; it must leave some out."""

    def __init__(self) -> None:
        self._least_s: float | None = None
        self._read_s = 0.0
        self.too_far = False

    def packet(self, media_s: float, now_s: float) -> None:
        """Takes note of a packet's own time and of when it was read, both in seconds."""
        offset_s = now_s - media_s
        if self._least_s is None or abs(offset_s - self._least_s) > _JUMP_S:
            self._least_s, self.too_far = offset_s, False
        else:
            drifted_s = self._least_s + _DRIFT * (now_s - self._read_s)
            self._least_s = min(offset_s, drifted_s)
        self._read_s = now_s
        behind_s = offset_s - self._least_s
        self.too_far = behind_s > (_CAUGHT_UP_S if self.too_far else _TOO_FAR_S)
