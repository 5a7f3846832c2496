"""How far a training is and how long it will still take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = "progress.json"


class Progress:
    """Called at the end of each epoch; says a line and writes `progress.json`.

    The time left is counted from the epochs of this run alone, so that a continued training does
    not count the time for which it lay still.
    """

    def __init__(
        self,
        out: Path,
        say: Callable[[str], None] = print,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._say = say
        self._clock = clock
        self._began_s = clock()
        self._first: int | None = None

    def begin(self, trainer: Any) -> None:
        """The first epoch of this run begins."""
        self._began_s = self._clock()
        self._first = int(trainer.start_epoch)

    def epoch_ended(self, trainer: Any) -> None:
        """`trainer` has `epoch` (from 0), `epochs` and `start_epoch`."""
        done = int(trainer.epoch) + 1
        first = int(trainer.start_epoch) if self._first is None else self._first
        spent_s = self._clock() - self._began_s
        left_s = spent_s / max(done - first, 1) * (int(trainer.epochs) - done)
        record = {
            "epoch": done,
            "epochs": int(trainer.epochs),
            "spent_s": round(spent_s, 1),
            "left_s": round(left_s, 1),
        }
        (self._out / FILE).write_text(json.dumps(record) + "\n", encoding="utf-8")
        self._say(f"epoch {done} of {trainer.epochs}, {minutes(left_s)} left")


def minutes(seconds: float) -> str:
    """For people: `40 s`, `12 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 90 else f"{whole // 60} h {whole % 60} min"
