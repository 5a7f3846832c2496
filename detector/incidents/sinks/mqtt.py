"""Cases as CloudEvents over MQTT 5."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from detector.incidents.sinks.cloud_event import CONTENT_TYPE, cloud_event
from detector.incidents.sinks.config import SinkConfig
from detector.incidents.sinks.http_call import linked
from detector.incidents.sinks.secret import read_secret
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable

KIND: Final = "mqtt"
_QOS: Final = 1
_NO_SUBSCRIBER: Final = 0x10
_TOO_LARGE: Final = 0x95
_ID_CHARS: Final = 300
_HEADER_BYTES: Final = 300  # headers and properties, generously


class Config(SinkConfig):
    """One topic of one broker."""

    kind: Literal["mqtt"] = KIND
    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    topic: str = Field(default="xunjie/cases/{violation}", min_length=1, max_length=500)
    """May hold {violation}, {kind}, {source_id} and {grid}; wildcards are not allowed."""

    user: str | None = None
    password_env: str | None = Field(default=None, min_length=1)
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    demand_subscriber: bool = True
    """Try again while nobody is subscribed: a broker throws such a message away."""

    receipt_topic: str | None = Field(default=None, min_length=1, max_length=500)
    """The platform answers here (it finds the topic as the message's response topic) with the
    message's correlation data, and its own id as the payload if it has one; only then a letter
    counts as delivered. None: the broker's acknowledgement counts."""

    max_packet_bytes: int | None = Field(default=None, ge=1024)
    """What the broker takes, where it does not announce that itself."""

    event_source: str = Field(default="/xunjie", min_length=1, max_length=200)
    evidence_base_url: str | None = None
    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    answer_timeout_s: float = Field(default=10, gt=0, le=120)


class MqttSink:
    """CaseSink over MQTT 5 with QoS 1, never retained.

    Delivered is what the platform has acknowledged on `receipt_topic`, or without one what the
    broker has (PUBACK) with at least one subscriber: a broker that is killed then may lose what
    it holds for a subscriber that is away. QoS 1 may bring a message twice: the receiver tells
    by the CloudEvent's id, which is the idempotency key and also a user property. After a failure
    the connection is made anew and nothing of the old one is sent again behind our back. Raises
    ConfigError where paho-mqtt is not installed.
    """

    def __init__(self, config: Config, name: str) -> None:
        self._paho = _paho(name)
        self._config = config
        self._name = name
        self._secret = read_secret(config.password_env, config.password_file, name)
        self._link: Link | None = None

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """The id in the platform's receipt, if there is one.

        Raises DeliveryUnavailable or DeliveryRefused.
        """
        config = self._config
        sent = linked(record, config.evidence_base_url)
        body = cloud_event(sent, idempotency_key, config.event_source)
        topic = _topic(config.topic, record, self._name)
        try:
            link = self._linked()
            self._demand_size(len(body) + len(topic.encode()) + _HEADER_BYTES, link.most_bytes)
            code, receipt = link.publish(topic, body, idempotency_key)
        except (OSError, ValueError, TimeoutError) as error:
            self.close()
            raise DeliveryUnavailable(f"{self._name}: {error or type(error).__name__}") from error
        self._judge(code, topic)
        return receipt

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _demand_size(self, size: int, announced: int | None) -> None:
        """Some brokers drop what is too large without a word, and close or answer others."""
        limits = [n for n in (announced, self._config.max_packet_bytes) if n is not None]
        if limits and size > min(limits):
            raise DeliveryRefused(
                f"{self._name}: {size} bytes, more than the {min(limits)} that the broker takes"
            )

    def _judge(self, code: int, topic: str) -> None:
        if code == _NO_SUBSCRIBER and self._config.demand_subscriber:
            raise DeliveryUnavailable(f"{self._name}: nobody is subscribed to {topic}")
        if code == _TOO_LARGE:
            raise DeliveryRefused(f"{self._name}: the broker finds the packet too large")
        if code >= 0x80:
            raise DeliveryUnavailable(f"{self._name}: the broker answered 0x{code:02x}")

    def _linked(self) -> Link:
        if self._link is None or not self._link.alive:
            self.close()
            self._link = Link(self._paho, self._config, self._secret)
        return self._link


class Link:
    """One connection with a clean session. Raises OSError or TimeoutError."""

    def __init__(self, paho: Any, config: Config, secret: bytes | None) -> None:
        self._paho = paho
        self._timeout_s = config.answer_timeout_s
        self._receipt_topic = config.receipt_topic
        self._receipts: dict[bytes, str] = {}
        self._connected = threading.Event()
        self._refused: str | None = None
        self.most_bytes: int | None = None  # as the broker announces
        self._answers: dict[int, int] = {}
        self._answered = threading.Condition()
        client = paho.client.Client(
            paho.enums.CallbackAPIVersion.VERSION2,
            protocol=paho.client.MQTTv5,
            # It would send again, behind our back, what we have reported as failed.
            reconnect_on_failure=False,
        )
        client.on_subscribe = self._on_subscribe
        client.connect_timeout = config.connect_timeout_s
        client.on_connect, client.on_publish = self._on_connect, self._on_publish
        client.on_disconnect, client.on_message = self._on_disconnect, self._on_message
        if config.user is not None:
            client.username_pw_set(config.user, secret.decode() if secret else None)
        if config.tls:
            client.tls_set(ca_certs=str(config.ca_file) if config.ca_file else None)
        self._client = client
        client.connect(config.host, config.port, keepalive=30, clean_start=True)
        client.loop_start()
        if not self._connected.wait(config.connect_timeout_s) or self._refused:
            self.close()
            raise OSError(self._refused or "the broker did not answer to CONNECT")

    @property
    def alive(self) -> bool:
        return bool(self._client.is_connected())

    def publish(self, topic: str, body: bytes, key: str) -> tuple[int, str | None]:
        """The broker's reason code, and what the platform's receipt says."""
        properties = self._paho.properties.Properties(self._paho.packettypes.PacketTypes.PUBLISH)
        properties.ContentType = CONTENT_TYPE
        properties.UserProperty = ("idempotency_key", key)
        if self._receipt_topic is not None:
            properties.ResponseTopic = self._receipt_topic
            properties.CorrelationData = key.encode()
        sent = self._client.publish(topic, body, _QOS, retain=False, properties=properties)
        if sent.rc != 0:
            raise OSError(self._paho.client.error_string(sent.rc))
        ends = time.monotonic() + self._timeout_s
        with self._answered:
            code = self._await(self._answers, sent.mid, ends, "PUBACK")
            if self._receipt_topic is None or code >= _NO_SUBSCRIBER:
                return code, None
            text = self._await(self._receipts, key.encode(), ends, "receipt of the platform")
            return code, text or None

    def _await(self, answers: dict[Any, Any], which: Any, ends: float, what: str) -> Any:
        """Takes one answer out; the condition is held."""
        left_s = max(0.0, ends - time.monotonic())
        self._answered.wait_for(lambda: which in answers or not self.alive, left_s)
        if which not in answers:
            raise OSError(f"no {what} in time" if self.alive else "the broker went away")
        return answers.pop(which)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.disconnect()
        with contextlib.suppress(Exception):
            self._client.loop_stop()

    def _on_connect(self, client: Any, _: Any, __: Any, reason: Any, told: Any) -> None:
        self.most_bytes = getattr(told, "MaximumPacketSize", None)
        if reason.is_failure:
            self._refused = str(reason)
        elif self._receipt_topic is not None:
            client.subscribe(self._receipt_topic, _QOS)
            return  # connected once it is subscribed
        self._connected.set()

    def _on_subscribe(self, client: Any, _: Any, __: Any, reasons: Any, ___: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = f"{self._receipt_topic}: {reasons[0]}"
        self._connected.set()

    def _on_message(self, client: Any, _: Any, message: Any) -> None:
        key = getattr(message.properties, "CorrelationData", None)
        if isinstance(key, bytes):
            with self._answered:
                self._receipts.clear()  # of letters that nobody waits for any more
                self._receipts[key] = message.payload.decode("utf-8", "replace")[:_ID_CHARS]
                self._answered.notify_all()

    def _on_publish(self, client: Any, _: Any, mid: int, reason: Any, __: Any) -> None:
        with self._answered:
            self._answers[mid] = int(reason.value)
            self._answered.notify_all()

    def _on_disconnect(self, client: Any, *_: Any) -> None:
        with self._answered:
            self._answered.notify_all()


def build(config: Config, name: str) -> MqttSink:
    _topic(config.topic, dict.fromkeys(("violation", "kind", "source_id", "grid"), "x"), name)
    return MqttSink(config, name)


def _topic(pattern: str, record: dict[str, Any], name: str) -> str:
    """Raises ConfigError for a topic that cannot be published to."""
    fields = ("violation", "kind", "source_id", "grid")
    values = {f: str(record[f] or "none").translate(_UNSAFE) for f in fields}
    try:
        topic = pattern.format(**values)
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigError(f"destination {name!r}: topic {pattern!r}: {error}") from error
    if "#" in topic or "+" in topic or topic.startswith("$"):
        raise ConfigError(f"destination {name!r}: topic {topic!r} cannot be published to")
    return topic


_UNSAFE: Final = str.maketrans(dict.fromkeys("/+#\x00", "_"))


def _paho(name: str) -> Any:
    try:
        import paho.mqtt.client
        import paho.mqtt.enums
        import paho.mqtt.packettypes
        import paho.mqtt.properties
    except ImportError as error:
        raise ConfigError(
            f"destination {name!r}: sink kind 'mqtt' needs paho-mqtt: pip install 'xunjie[mqtt]'"
        ) from error
    return paho.mqtt
