"""A service with its pages, from start to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final
from uuid import UUID

import psutil

from api.app import create_app
from api.config import CityConfig
from api.run_report import RunReport, report_of
from api.server import start_server
from api.service import Service
from detector.incidents import Changes
from detector.types import Detector

_BEAT_S: Final = 0.2


@dataclass(slots=True, kw_only=True)
class _Course:
    """What is gathered on the way."""

    opened: set[UUID] = field(default_factory=set)
    memory: list[int] = field(default_factory=list)

    def note(self, changes: Changes) -> None:
        self.opened.update(incident.id for incident in changes.opened)


def run_service(
    config: CityConfig,
    *,
    for_s: float | None,
    until_drained: bool = False,
    started: Callable[[Service, str], None] = lambda service, url: None,
    beat: Callable[[Service], None] = lambda service: None,
    node: str | None = None,
    watching: bool = True,
    detectors: Callable[[], Sequence[Detector]] | None = None,
) -> RunReport | None:
    """Runs until SIGINT or SIGTERM, for `for_s` seconds, or until every source has ended.

    `started` is called once with the address of the pages, `beat` a few times a second. The report
    is made where the run is bounded: a service that runs for a year must not gather one. `node`:
    its name among several services that share the cameras; `watching`, `detectors`: as the Service
    takes them. Raises ConfigError, ModelError or DiskFull before anything is looked at.
    """
    course = _Course()
    bounded = for_s is not None or until_drained
    changed = course.note if bounded else lambda changes: None
    given = detectors() if detectors is not None else None
    service = Service(config, detectors=given, changed=changed, node=node, watching=watching)
    web = start_server(create_app(service), config.http)
    service.answers_at(web.url)
    began_s = time.monotonic()
    stopping = _signals()
    try:
        service.start()
        started(service, web.url)
        while not stopping.wait(_BEAT_S):
            beat(service)
            passed_s = time.monotonic() - began_s
            if bounded and passed_s >= 60 * len(course.memory):
                course.memory.append(psutil.Process().memory_info().rss)
            if for_s is not None and passed_s >= for_s:
                break
            if until_drained and service.engine.drained:
                break
        service.end_looks()
        seconds = time.monotonic() - began_s
        return report_of(service, course.opened, seconds, course.memory) if bounded else None
    finally:
        web.stop()
        service.stop()


def _signals() -> threading.Event:
    """Set by the first SIGINT or SIGTERM; a second one ends the process as usual."""
    stopping = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handle)
    return stopping
