"""The `mqtt` sink against a real Mosquitto."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties

from detector.incidents import build_sink, parse_sink_config
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable
from tests.incidents.brokers import Mosquitto, free_port

RECORD = {
    "kind": "opened",
    "violation": "vendor",
    "source_id": "cam/1+#",
    "grid": None,
    "at": "2026-11-24T08:00:00+00:00",
    "number": "XJ-20261124-000001",
    "evidence": [],
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def running(broker):
    """The broker, running again after the test whatever the test did to it."""
    yield broker
    if not broker.ready():
        broker.start()


class Subscriber:
    """A city's platform: a session that outlives its connection."""

    def __init__(self, port: int, topic: str = "xunjie/cases/#") -> None:
        self.messages: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"city-{uuid4().hex}", protocol=mqtt.MQTTv5
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = lambda _, __, message: self.messages.put(message)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        lasts = Properties(mqtt.PacketTypes.CONNECT)
        lasts.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=lasts)
        self._client.loop_start()
        assert self._ready.wait(30)

    def next(self, within_s: float = 30) -> mqtt.MQTTMessage:
        return self.messages.get(timeout=within_s)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def subscriber(running):
    made = Subscriber(running.port)
    yield made
    made.close()


def sink_to(port, **values):
    config = {"kind": "mqtt", "host": "127.0.0.1", "port": port, "answer_timeout_s": 3, **values}
    return build_sink(parse_sink_config(config), "city")


@pytest.fixture
def sink(running):
    made = sink_to(running.port)
    yield made
    made.close()


def deliver(sink, key="c:opened:1", **values):
    return sink.deliver({**RECORD, **values}, idempotency_key=key)


def test_a_case_arrives_once_with_its_key_and_is_not_retained(running, sink, subscriber):
    assert deliver(sink) is None
    message = subscriber.next()
    assert message.topic == "xunjie/cases/vendor"
    assert (message.qos, message.retain) == (1, False)
    assert message.properties.UserProperty == [("idempotency_key", "c:opened:1")]
    assert json.loads(message.payload)["id"] == "c:opened:1"
    late = Subscriber(running.port)
    with pytest.raises(queue.Empty):
        late.next(0.3)
    late.close()
    assert subscriber.messages.empty()


def test_one_connection_carries_many_quickly(sink, subscriber):
    began = time.monotonic()
    for i in range(200):
        deliver(sink, f"k{i}")
    assert time.monotonic() - began < 60
    assert [json.loads(subscriber.next().payload)["id"] for _ in range(200)] == [
        f"k{i}" for i in range(200)
    ]


def test_a_topic_of_the_record_s_own(running):
    subscriber = Subscriber(running.port, "a/#")
    sink = sink_to(running.port, topic="a/{violation}/{source_id}/{grid}/{kind}")
    deliver(sink)
    assert subscriber.next().topic == "a/vendor/cam_1__/none/opened"
    sink.close()
    subscriber.close()


def test_without_a_subscriber_it_is_tried_again_unless_told_otherwise(running):
    sink = sink_to(running.port, topic="nobody/listens")
    with pytest.raises(DeliveryUnavailable, match="nobody is subscribed to nobody/listens"):
        deliver(sink)
    sink.close()
    careless = sink_to(running.port, topic="nobody/listens", demand_subscriber=False)
    assert deliver(careless) is None
    careless.close()


class Answering(Subscriber):
    """A platform that says what it has taken."""

    def __init__(self, port: int, *, silent: bool = False) -> None:
        super().__init__(port)
        self.silent = silent
        self._client.on_message = self._take

    def _take(self, client, _, message):
        self.messages.put(message)
        if self.silent:
            return
        properties = Properties(mqtt.PacketTypes.PUBLISH)
        properties.CorrelationData = message.properties.CorrelationData
        client.publish(message.properties.ResponseTopic, b"SZ-77", 1, properties=properties)


def test_with_a_receipt_topic_the_platform_s_word_counts(running):
    platform = Answering(running.port)
    sink = sink_to(running.port, receipt_topic="xunjie/receipts/lyg")
    began = time.monotonic()
    assert [deliver(sink, f"k{i}") for i in range(50)] == ["SZ-77"] * 50
    assert time.monotonic() - began < 60
    platform.silent = True
    with pytest.raises(DeliveryUnavailable, match="no receipt of the platform in time"):
        deliver(sink, "lost")
    platform.silent = False
    assert deliver(sink, "lost") == "SZ-77"
    ids = [json.loads(platform.next().payload)["id"] for _ in range(52)]
    assert ids[-2:] == ["lost", "lost"]
    sink.close()
    platform.close()


def test_a_broker_that_is_killed_and_comes_back(running, sink, subscriber):
    deliver(sink, "before")
    running.kill()
    with pytest.raises(DeliveryUnavailable, match="city: "):
        deliver(sink, "during")
    running.start()
    ends = time.monotonic() + 60
    while True:
        try:
            deliver(sink, "during")
            break
        except DeliveryUnavailable:
            assert time.monotonic() < ends
            time.sleep(0.1)
    ids = []
    while "during" not in ids:  # QoS 1: what was on its way when the broker died may come twice
        ids.append(json.loads(subscriber.next().payload)["id"])
    assert set(ids) == {"before", "during"}


def test_a_message_larger_than_the_broker_takes(running, sink, subscriber):
    with pytest.raises(DeliveryRefused, match="more than the 40000 that the broker takes"):
        deliver(sink, description="长" * 15_000)
    with pytest.raises(DeliveryRefused, match="more than 65536"):
        deliver(sink, description="长" * 30_000)
    smaller = sink_to(running.port, max_packet_bytes=1024)
    with pytest.raises(DeliveryRefused, match="more than the 1024"):
        deliver(smaller, description="长" * 400)
    smaller.close()
    assert deliver(sink) is None
    assert json.loads(subscriber.next().payload)["id"] == "c:opened:1"


def test_a_broker_that_accepts_and_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sink = sink_to(silent.getsockname()[1], connect_timeout_s=0.5)
        began = time.monotonic()
        with pytest.raises(DeliveryUnavailable, match="did not answer"):
            deliver(sink)
        assert time.monotonic() - began < 20
        sink.close()


def test_no_broker_and_a_wrong_password_are_named(running, tmp_path):
    sink = sink_to(free_port())
    with pytest.raises(DeliveryUnavailable, match=r"city: .*refused"):
        deliver(sink)
    locked = Mosquitto(tmp_path)
    command = locked.command()
    file = tmp_path / "mosquitto.conf"
    file.write_text(file.read_text().replace("allow_anonymous true", "allow_anonymous false"))
    locked.command = lambda: command
    locked.start()
    try:
        sink = sink_to(locked.port, user="xunjie")
        with pytest.raises(DeliveryUnavailable, match=r"(?i)not authori"):
            deliver(sink)
    finally:
        locked.stop()


@pytest.mark.parametrize("topic", ["a/#", "+/b", "$SYS/x", "{colour}", "{"])
def test_a_topic_that_cannot_be_published_to_is_named(topic):
    with pytest.raises(ConfigError, match="'city': topic"):
        sink_to(1, topic=topic)
