"""A stand-in for a GeoReport v2 server: form-encoded requests, ids or tokens, statuses."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Open311City(ThreadingHTTPServer):
    """`script` holds what to do with the next POSTs: "ok", "token", "lost" (taken, no answer in
    time), "status:N". `api_key` None: anybody may post."""

    daemon_threads = True

    def __init__(self, api_key: str | None = None, port: int = 0, book: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.api_key = api_key
        self.script: list[str] = []
        self.requests: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str | None] = {}
        self.calls: list[str] = []
        self.lock = threading.Lock()
        self._book = book  # requests outlive the process here
        if book is not None and book.exists():
            found = (json.loads(line) for line in book.read_text().splitlines())
            self.requests = {request["service_request_id"]: request for request in found}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/open311/v2/"

    def close(self, request_id: str, notes: str = "", minute: int = 0) -> None:
        at = datetime(2030, 1, 1, 0, minute, tzinfo=UTC)
        values = {"status": "closed", "status_notes": notes, "updated_datetime": at.isoformat()}
        self.requests[request_id].update(values)

    def take(self, form: dict[str, str]) -> str:
        with self.lock:
            request_id = str(1000 + len(self.requests))
            now = datetime.now(UTC).isoformat()
            self.requests[request_id] = {
                **form,
                "service_request_id": request_id,
                "status": "open",
                "status_notes": None,
                "requested_datetime": now,
                "updated_datetime": now,
            }
            if self._book is not None:
                with self._book.open("a") as file:
                    file.write(json.dumps(self.requests[request_id]) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
        return request_id


class _Handler(BaseHTTPRequestHandler):
    server: Open311City
    disable_nagle_algorithm = True  # an answer in two parts would wait 40 ms for the client

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        city = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        city.calls.append(f"POST {self.path}")
        if self.headers["Content-Type"] != "application/x-www-form-urlencoded":
            return self._error(400, "form-encoded, please")
        if city.api_key is not None and form.get("api_key") != city.api_key:
            return self._error(403, "wrong api_key")
        what = city.script.pop(0) if city.script else "ok"
        if what.startswith("status:"):
            return self._error(int(what.removeprefix("status:")), "as you wish")
        request_id = city.take(form)
        if what == "token":
            token = f"t{request_id}"
            city.tokens[token] = None
            return self._answer(200, [{"token": token}])
        if what == "lost":
            time.sleep(2.5)
        return self._answer(201, [{"service_request_id": request_id, "account_id": None}])

    def do_GET(self) -> None:
        city = self.server
        path = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(path.query).items()}
        city.calls.append(f"GET {path.path}")
        if path.path.endswith("/requests.json"):
            return self._answer(200, list(self._found(asked)))
        token = path.path.rsplit("/", 1)[-1].removesuffix(".json")
        if token not in city.tokens:
            return self._error(404, "no such token")
        found = {"token": token, "service_request_id": city.tokens[token]}
        return self._answer(200, [found])

    def _found(self, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
        ids = asked.get("service_request_id")
        if ids is not None:
            wanted = ids.split(",")
            assert len(wanted) <= 50
            yield from (self.server.requests[i] for i in wanted if i in self.server.requests)
            return
        first, last = (datetime.fromisoformat(asked[n]) for n in ("start_date", "end_date"))
        assert last - first <= timedelta(days=90)
        for request in list(self.server.requests.values()):
            at = datetime.fromisoformat(request["requested_datetime"])
            if request["service_code"] == asked["service_code"] and first <= at <= last:
                yield request

    def _error(self, status: int, text: str) -> None:
        self._answer(status, [{"code": status, "description": text}])

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            return  # the client has gone


@contextmanager
def open311_city(api_key: str | None = None) -> Iterator[Open311City]:
    city = Open311City(api_key)
    thread = threading.Thread(target=city.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield city
    finally:
        city.shutdown()
        thread.join()
        city.server_close()


if __name__ == "__main__":
    served = Open311City(port=int(sys.argv[1]), book=Path(sys.argv[2]))
    served.serve_forever()
