"""A stand-in for a gateway and its media server, with their slow and failing behaviours."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

_Answer = tuple[int, str, bytes]
_TOKEN: Final = "a-token"  # noqa: S105
_BUSY: Final = 100  # the code of the real one's "timed out" and "does not exist"


def channel_record(channel_id: str, name: str, lon: float = 0, lat: float = 0) -> dict[str, Any]:
    """A channel as the gateway tells it; a position of 0, 0 stands for an unknown one."""
    return {
        "channelId": channel_id,
        "name": name,
        "longitude": lon,
        "latitude": lat,
        "status": "ON",
        "civilCode": channel_id[:6],
    }


class FakeGateway:
    """Listens on the loopback address. Its attributes may be changed at any time.

    `stream_url` gives the address of a channel's stream; None from it: the camera does not answer.
    """

    def __init__(self, stream_url: Callable[[str], str | None] = lambda _: None) -> None:
        self.devices: dict[str, list[dict[str, Any]]] = {}
        self.stream_url = stream_url
        self.user, self.password, self.secret = "", "", ""
        self.slow_s = 0.0  # before each answer
        self.broken_devices: set[str] = set()  # whose channels cannot be listed
        self.failing_status = 0  # answers everything with this HTTP status
        self.bare = False  # as older gateways, without code and msg around the data
        self.picture = b""  # of getSnap
        self.asked: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, name="fake-gateway", daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def url(self, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def forget_login(self) -> None:
        """As after the gateway's restart: tokens given out before hold no more."""
        self._valid = ""

    _valid = ""

    def answer(self, path: str, query: dict[str, str], token: str) -> _Answer:
        self.asked.append(path)
        time.sleep(self.slow_s)
        if self.failing_status:
            return self.failing_status, "text/plain", b"the gateway is ill"
        if path == "/index/api/getSnap":
            return self._snap(query)
        if path == "/api/user/login":
            return self._login(query)
        if self.user and token != (self._valid or None):
            return _json({"code": 401, "msg": "not logged in"}, 401)
        parts = path.strip("/").split("/")
        if parts[:3] == ["api", "play", "start"]:
            return self._start(parts[3], parts[4])
        if parts[:3] == ["api", "play", "stop"]:
            return self._told({})
        if parts == ["api", "device", "query", "devices"]:
            return self._page([{"deviceId": one} for one in self.devices], query)
        if parts[:4] == ["api", "device", "query", "devices"] and parts[5:] == ["channels"]:
            if parts[4] in self.broken_devices:
                return _json({"code": _BUSY, "msg": "the device does not answer"})
            return self._page(self.devices.get(parts[4], []), query)
        return 404, "text/plain", b"no such path"

    def _login(self, query: dict[str, str]) -> _Answer:
        hashed = hashlib.md5(self.password.encode(), usedforsecurity=False).hexdigest()
        if (query.get("username"), query.get("password")) != (self.user, hashed):
            return _json({"code": _BUSY, "msg": "wrong user name or password"})
        self._valid = _TOKEN
        return _json({"code": 0, "msg": "ok", "data": {"accessToken": _TOKEN}})

    def _start(self, device_id: str, channel_id: str) -> _Answer:
        known = {row["channelId"] for row in self.devices.get(device_id, [])}
        if channel_id not in known:
            return _json({"code": _BUSY, "msg": f"channel {channel_id} does not exist"})
        url = self.stream_url(channel_id)
        if url is None:
            return _json({"code": _BUSY, "msg": "the camera did not answer in time"})
        kind = "rtsp" if url.startswith("rtsp") else "flv"
        return self._told({"app": "rtp", "stream": channel_id, kind: url, "rtc": None})

    def _snap(self, query: dict[str, str]) -> _Answer:
        if query.get("secret") != self.secret:
            return _json({"code": -100, "msg": "Incorrect secret"})
        if not self.picture or not query.get("url"):
            return _json({"code": -1, "msg": "no picture"})
        return 200, "image/jpeg", self.picture

    def _page(self, rows: list[dict[str, Any]], query: dict[str, str]) -> _Answer:
        page, count = int(query["page"]), int(query["count"])
        part = rows[(page - 1) * count : page * count]
        return self._told({"total": len(rows), "pageNum": page, "list": part})

    def _told(self, data: dict[str, Any]) -> _Answer:
        return _json(data if self.bare else {"code": 0, "msg": "ok", "data": data})


def _json(body: dict[str, Any], status: int = 200) -> _Answer:
    return status, "application/json", json.dumps(body).encode()


def _handler(gateway: FakeGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            token = self.headers.get("access-token", "")
            status, kind, body = gateway.answer(parts.path, query, token)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
