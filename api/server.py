"""Runs the HTTP application beside the service, until told to stop."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from api.config import HttpConfig
from detector.types import ConfigError


@dataclass(slots=True, kw_only=True)
class WebServer:
    """A uvicorn server on its own thread; `url` is known once it listens."""

    server: uvicorn.Server
    thread: threading.Thread
    url: str

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=10)


def start_server(app: FastAPI, config: HttpConfig) -> WebServer:
    """Raises ConfigError when the port is taken."""
    listener = _listen(config)
    port = listener.getsockname()[1]
    settings = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on")
    server = uvicorn.Server(settings)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True
    )
    thread.start()
    deadline_s = time.monotonic() + 30
    while not server.started and thread.is_alive() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return WebServer(server=server, thread=thread, url=f"http://{config.host}:{port}/")


def _listen(config: HttpConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"http.port {config.port} on {config.host}: {error.strerror}; "
            "stop what uses it, or name another port (0 takes a free one)"
        ) from error
    listener.set_inheritable(True)
    return listener
