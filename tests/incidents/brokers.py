"""Real brokers on loopback, which can be killed and started again on their data."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """A server process of its own group, and its data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, within_s: float = 180) -> None:
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self.command(),
                env={**os.environ, **self.environment()},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self.folder,
            )
        ends = time.monotonic() + within_s
        while not self.ready():
            if time.monotonic() > ends or self._process.poll() is not None:
                self.kill()
                text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the broker did not start: {text}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)

    def ready(self) -> bool:
        return listens(self.port)

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}


class Mosquitto(Broker):
    """Eclipse Mosquitto; its state is saved as it changes."""

    @staticmethod
    def program() -> str:
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if found is None:
            pytest.skip("no MQTT broker (Debian package mosquitto)")
        return found

    def command(self) -> list[str]:
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
            "max_packet_size 40000",
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        file = self.folder / "mosquitto.conf"
        file.write_text("\n".join(lines) + "\n")
        return [self.program(), "-c", str(file)]


class RabbitMq(Broker):
    """RabbitMQ with an Erlang port mapper of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.epmd_port, self.dist_port = free_port(), free_port()
        self._mapper: subprocess.Popen[bytes] | None = None

    def start(self, within_s: float = 180) -> None:
        if self._mapper is None:
            # Ours, in the foreground: one that the broker starts itself would outlive us.
            self._mapper = subprocess.Popen(
                ["epmd"],
                env={**os.environ, **self.environment()},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while not listens(self.epmd_port) and self._mapper.poll() is None:
                time.sleep(0.02)
        super().start(within_s)

    @staticmethod
    def program(name: str = "rabbitmq-server") -> str:
        # Debian's own wrappers in /usr/sbin change the user.
        found = shutil.which(name, path="/usr/lib/rabbitmq/bin")
        if found is None:
            pytest.skip("no AMQP broker (Debian package rabbitmq-server)")
        return found

    def command(self) -> list[str]:
        return [self.program()]

    def environment(self) -> dict[str, str]:
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text("log.file.level = warning\n")
        return {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": "xunjie@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
            ),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_USE_LONGNAME": "false",
        }

    def ready(self) -> bool:
        return listens(self.port) and "connection" in self._first_bytes()

    def control(self, *order: str) -> str:
        """rabbitmqctl."""
        return subprocess.run(
            [self.program("rabbitmqctl"), "-n", "xunjie@localhost", *order],
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    def close(self) -> None:
        self.stop()
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait()
            self._mapper = None

    def _first_bytes(self) -> str:
        """The port is open before the broker speaks."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as talk:
                talk.sendall(b"AMQP\x00\x00\x09\x01")
                return "connection" if talk.recv(8)[:1] == b"\x01" else ""
        except OSError:
            return ""
