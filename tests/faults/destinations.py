"""Destinations that can be killed and started again, and what each of them has in the end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Protocol

from tests.incidents.brokers import Broker, Mosquitto, RabbitMq, free_port, listens

_HERE = Path(__file__).parent
_TABLE = _HERE.parent.parent / "docs" / "examples" / "form-table.yaml"


class Killable(Protocol):
    """A destination of one kind."""

    def sink(self) -> dict[str, Any]: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def received(self) -> Counter[str]:
        """How often each key was taken, as the receiver counts."""
        ...

    def close(self) -> None: ...


class _Server:
    """A process of this repository on a fixed port, with a book that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.book = folder / "book.jsonl"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *self.command()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_HERE.parent.parent,
        )
        ends = time.monotonic() + 30
        while not listens(self.port):
            if time.monotonic() > ends or self._process.poll() is not None:
                raise RuntimeError("the receiver did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.kill()

    def entries(self) -> list[dict[str, Any]]:
        """Whole lines: a kill may cut the last one off, which then was never answered."""
        lines = self.book.read_bytes().split(b"\n")[:-1] if self.book.exists() else []
        return [json.loads(line) for line in lines]


class HttpReceiver(_Server):
    """The flaky receiver, here without troubles of its own."""

    refuse = 0.0

    def command(self) -> list[str]:
        options = ["--book", str(self.book), "--port", str(self.port), "--trouble", "0"]
        return [str(_HERE / "receiver.py"), *options, "--refuse", str(self.refuse)]

    def sink(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/cases"
        return {"kind": "http", "url": url, "connect_timeout_s": 1, "answer_timeout_s": 2}

    def received(self) -> Counter[str]:
        return Counter(entry["key"] for entry in self.entries())


class FormPlatform(HttpReceiver):
    """The same receiver behind a city's form."""

    def sink(self) -> dict[str, Any]:
        return {
            **super().sink(),
            "kind": "form",
            "table_file": str(_TABLE),
            "pictures": "none",
            "addresses": {f"car-{i}": f"road {i}" for i in range(500)},
        }


class Open311Receiver(_Server):
    """The GeoReport stand-in; a key taken twice would be two requests."""

    def command(self) -> list[str]:
        return ["-m", "tests.incidents.open311_city", str(self.port), str(self.book)]

    def sink(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/"
        return {"kind": "open311", "url": url, "connect_timeout_s": 1, "answer_timeout_s": 4}

    def received(self) -> Counter[str]:
        return Counter(
            entry["description"].rsplit("[", 1)[1].rstrip("]") for entry in self.entries()
        )


class _Brokered:
    """A real broker and a consumer that tells repetitions by their key, as it has to."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.port = broker.port
        self.arrived: Counter[str] = Counter()

    def start(self) -> None:
        self._broker.start(within_s=600)  # that it comes back is not what is tried

    def kill(self) -> None:
        self._broker.kill()


class Mqtt(_Brokered):
    """Mosquitto with a platform that is subscribed all the time and answers with receipts."""

    receipts = True

    def __init__(self, folder: Path) -> None:
        super().__init__(Mosquitto(folder))
        self._lock = threading.Lock()
        self._client: Any = None

    def start(self) -> None:
        super().start()
        if self._client is None:
            self._subscribe()

    def sink(self) -> dict[str, Any]:
        found = {"kind": "mqtt", "host": "127.0.0.1", "port": self.port, "answer_timeout_s": 2}
        return {**found, "receipt_topic": "xunjie/receipts"} if self.receipts else found

    def received(self) -> Counter[str]:
        time.sleep(1)  # what is on its way
        with self._lock:
            return Counter(dict.fromkeys(self.arrived, 1))

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
        self._broker.kill()

    def _subscribe(self) -> None:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion
        from paho.mqtt.properties import Properties

        def take(connected: Any, _: Any, message: Any) -> None:
            with self._lock:
                self.arrived[json.loads(message.payload)["id"]] += 1
            if self.receipts:
                told = Properties(mqtt.PacketTypes.PUBLISH)
                told.CorrelationData = message.properties.CorrelationData
                connected.publish(message.properties.ResponseTopic, b"", 1, properties=told)

        client = mqtt.Client(CallbackAPIVersion.VERSION2, "platform", protocol=mqtt.MQTTv5)
        client.reconnect_delay_set(1, 1)
        client.on_message = take
        client.on_connect = lambda connected, *_: connected.subscribe("xunjie/cases/#", 1)
        lasts = Properties(mqtt.PacketTypes.CONNECT)
        lasts.SessionExpiryInterval = 3600
        client.connect("127.0.0.1", self.port, clean_start=False, properties=lasts)
        client.loop_start()
        self._client = client


class MqttWithoutReceipts(Mqtt):
    """The broker's word counts: what it holds for a subscriber that is away can be lost."""

    receipts = False


class Amqp(_Brokered):
    """RabbitMQ; its queue is emptied and counted at the end."""

    def __init__(self, folder: Path) -> None:
        super().__init__(RabbitMq(folder))

    def sink(self) -> dict[str, Any]:
        found = {"kind": "amqp", "host": "127.0.0.1", "port": self.port, "routing_key": "cases"}
        return {**found, "declare_queue": True, "answer_timeout_s": 2}

    def received(self) -> Counter[str]:
        import pika

        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))
        channel = connection.channel()
        while True:
            method, properties, _ = channel.basic_get("cases", auto_ack=True)
            if method is None:
                connection.close()
                return Counter(dict.fromkeys(self.arrived, 1))
            self.arrived[properties.message_id] += 1

    def close(self) -> None:
        self._broker.kill()
        if isinstance(self._broker, RabbitMq):
            self._broker.close()


KINDS: dict[str, type[Any]] = {
    "http": HttpReceiver,
    "form": FormPlatform,
    "open311": Open311Receiver,
    "mqtt": Mqtt,
    "mqtt-without-receipts": MqttWithoutReceipts,
    "amqp": Amqp,
}
