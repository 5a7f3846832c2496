"""A street of snapshot cameras that play a script by the clock, and keep a book of who asked.

Each camera shows a stall (even number) or a hole (odd) for `ON_S` seconds of every `PERIOD_S`, with
a phase of its own. `Script.stands` says what had to be found.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.api.city import picture

ON_S, PERIOD_S = 60.0, 125.0  # time for a dwell and two hand-overs within it
_VARIANTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A thing that was there once: one incident."""

    camera: str
    violation: str
    begins_s: float  # of time.time()
    ends_s: float


@dataclass(kw_only=True)
class Script:
    cameras: int
    seed: int
    began_s: float | None = None  # of time.time(); nothing is there before
    no_more_after_s: float | None = None  # begun stands come to their end

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        self.phases = [chance.random() * PERIOD_S for _ in range(self.cameras)]

    def shows(self, number: int, at_s: float) -> bool:
        return any(s.begins_s <= at_s < s.ends_s for s in self._of(number, at_s))

    def stands(self) -> Iterator[Stand]:
        """All that ended by now."""
        for number in range(self.cameras):
            yield from (s for s in self._of(number, time.time()) if s.ends_s <= time.time())

    def _of(self, number: int, at_s: float) -> Iterator[Stand]:
        if self.began_s is None:
            return
        begins_s = self.began_s + self.phases[number]
        while begins_s <= at_s:
            if self.no_more_after_s is not None and begins_s > self.no_more_after_s:
                return
            yield Stand(
                camera=name_of(number),
                violation="cover" if number % 2 else "vendor",
                begins_s=begins_s,
                ends_s=begins_s + ON_S,
            )
            begins_s += PERIOD_S


class Street(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: Script) -> None:
        self.script = script
        self.lock = threading.Lock()
        self.asked: dict[str, list[float]] = {}  # camera: when, of time.time()
        kinds = ({}, {"stall": True}, {"hole": True})
        self._pictures = [[picture(n, **kind) for n in range(_VARIANTS)] for kind in kinds]
        super().__init__(("127.0.0.1", 0), Handler)

    def picture_of(self, number: int) -> bytes:
        now_s = time.time()
        with self.lock:
            times = self.asked.setdefault(name_of(number), [])
            times.append(now_s)
        kind = (2 if number % 2 else 1) if self.script.shows(number, now_s) else 0
        return self._pictures[kind][len(times) % _VARIANTS]

    def first_asked(self, camera: str, after_s: float) -> float | None:
        with self.lock:
            return next((at for at in self.asked.get(camera, ()) if at > after_s), None)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = self.server.picture_of(int(self.path.strip("/")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args) -> None: ...


@contextmanager
def street(script: Script) -> Iterator[Street]:
    server = Street(script)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def name_of(number: int) -> str:
    return f"cam-{number:02}"
