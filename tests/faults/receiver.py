"""A receiver of CloudEvents that misbehaves: run as a process of its own.

    python tests/faults/receiver.py --book FILE --port 0 --seed 1 --trouble 0.6 --refuse 0.05

It takes each idempotency key once, writes it to its book before it answers (and syncs it), and
then answers, or not. `GET /book` gives what it has accepted; `POST /calm` ends the trouble.
The first line on standard output is its port.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SLOW_S = 0.25
LONGER_THAN_THE_CLIENT_WAITS_S = 1.5


def quick_sink(url: str) -> dict[str, Any]:
    """Configuration of an `http` sink that waits less long than the receiver is silent."""
    return {"kind": "http", "url": url, "connect_timeout_s": 0.5, "answer_timeout_s": 0.5}


TROUBLES = (
    "refused_before",  # 500, nothing taken
    "refused_after",  # taken, and then 500
    "timeout_after",  # taken, and the answer comes too late
    "timeout_before",  # nothing taken, no answer
    "reset_before",
    "reset_after",
    "slow",
    "busy",  # 503 with a Retry-After
    "cut_answer",  # taken, the answer breaks off
)


@dataclass
class Book:
    """What was accepted, by key; the file outlives the process."""

    file: Path
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: int = 0  # a known key came again and was not taken twice
    reordered: list[str] = field(default_factory=list)  # a new key behind a later one of its case
    troubles: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if self.file.exists():
            for line in self.file.read_text().splitlines():
                entry = json.loads(line)
                self.accepted[entry["key"]] = entry

    def take(self, key: str, event: dict[str, Any]) -> bool:
        """False where the key is known already."""
        case_id, kind, seq = key.split(":")
        data = event.get("data", {})  # a platform's form has none
        entry = {
            "key": key,
            "case_id": case_id,
            "incident_id": data.get("incident_id", case_id),
            "kind": kind,
            "seq": int(seq),
            "pictures": len(data.get("evidence", ())),
        }
        with self.lock:
            if key in self.accepted:
                self.repeated += 1
                return False
            later = [
                e["key"]
                for e in self.accepted.values()
                if e["case_id"] == entry["case_id"] and e["seq"] > entry["seq"]
            ]
            if later:
                self.reordered.append(key)
            with self.file.open("a") as book:
                book.write(json.dumps(entry) + "\n")
                book.flush()
                os.fsync(book.fileno())
            self.accepted[key] = entry
            return True

    def report(self) -> dict[str, Any]:
        with self.lock:
            return {
                "accepted": list(self.accepted.values()),
                "repeated": self.repeated,
                "reordered": self.reordered,
                "troubles": self.troubles,
            }


class Receiver(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, book: Book, port: int, seed: int, trouble: float) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.book = book
        self.trouble = trouble
        self.refused_share = 0.0
        self.chance = random.Random(seed)
        self.script: list[str] = []  # for tests: what to do next, before chance decides
        self.answer: bytes | None = None  # for tests: instead of an id
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def next_trouble(self) -> str:
        with self.book.lock:
            if self.script:
                return self.script.pop(0)
            if self.chance.random() >= self.trouble:
                return "none"
            name = self.chance.choice(TROUBLES)
            self.book.troubles[name] = self.book.troubles.get(name, 0) + 1
            return name

    def refuses(self, key: str) -> bool:
        """The same share of cases for ever, by their ids."""
        return int(key[:8], 16) / 0xFFFFFFFF < self.refused_share if self.refused_share else False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is what this is about."""


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer in two parts would wait 40 ms for the client

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(200, json.dumps(self.server.book.report()).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/calm":
            self.server.trouble = 0.0
            self._answer(200, b"{}")
            return
        self.server.seen.append((dict(self.headers), body))
        trouble = self.server.next_trouble()
        if trouble == "refused_before":
            self._answer(500, b"no")
        elif trouble == "busy":
            self._answer(503, b"busy", {"Retry-After": "0.2"})
        elif trouble == "reset_before":
            self._reset()
        elif trouble == "timeout_before":
            time.sleep(LONGER_THAN_THE_CLIENT_WAITS_S)
            self._reset()
        elif trouble.startswith("status:"):
            _, status, *header = trouble.split(":", 3)
            extra = {header[0]: header[1]} if header else {}
            self._answer(int(status), b'{"detail": "as you wish"}', extra)
        else:
            self._take(body, trouble)

    def _take(self, body: bytes, trouble: str) -> None:
        event = json.loads(body)
        key = self.headers["Idempotency-Key"]
        if event.get("id", event.get("thirdPartyNo")) != key:
            self._answer(400, b"the key is not the event's id")
            return
        if self.server.refuses(key):
            self._answer(422, f"unknown grid in {key[:8]}".encode())
            return
        fresh = self.server.book.take(key, event)
        if trouble == "refused_after":
            self._answer(500, b"taken, but")
        elif trouble == "reset_after":
            self._reset()
        elif trouble == "timeout_after":
            time.sleep(LONGER_THAN_THE_CLIENT_WAITS_S)
            self._answer(200, b"{}")
        elif trouble == "cut_answer":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self.close_connection = True
        else:
            if trouble == "slow":
                time.sleep(SLOW_S)
            answer = json.dumps({"id": f"case-{key[:8]}"}).encode()
            self._answer(
                201 if fresh else 409, answer if self.server.answer is None else self.server.answer
            )

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--book", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trouble", type=float, default=0.5)
    parser.add_argument("--refuse", type=float, default=0.0, help="share refused for good")
    wanted = parser.parse_args()
    receiver = Receiver(Book(wanted.book), wanted.port, wanted.seed, wanted.trouble)
    receiver.refused_share = wanted.refuse
    sys.stdout.write(f"{receiver.server_address[1]}\n")
    sys.stdout.flush()
    receiver.serve_forever()


if __name__ == "__main__":
    main()
