"""Commits held verdicts when their time for undoing is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from api.ui.review_desk import ReviewDesk

_log = structlog.get_logger(__name__)
_EVERY_S: Final = 0.5


class Committer:
    """One thread. What is still held when it stops is committed by the next start, or by another
    service on the same database."""

    def __init__(self, desk: ReviewDesk, committed: Callable[[], None]) -> None:
        self._desk = desk
        self._committed = committed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="verdicts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            try:
                if self._desk.commit_due():
                    self._committed()
            except Exception:
                # A lost database comes back; the rows are still there then.
                _log.exception("verdicts_not_committed")
