"""Cases as CloudEvents over AMQP 0-9-1 (RabbitMQ), and outcomes from a reply queue."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from detector.incidents.errors import OutcomeError
from detector.incidents.sinks.cloud_event import CONTENT_TYPE, cloud_event
from detector.incidents.sinks.config import SinkConfig
from detector.incidents.sinks.http_call import linked
from detector.incidents.sinks.outcome_message import remote_outcome
from detector.incidents.sinks.remote_outcome import Awaited, OutcomeBook
from detector.incidents.sinks.secret import read_secret
from detector.types import ConfigError, DeliveryUnavailable

KIND: Final = "amqp"
_log: Final = logging.getLogger(__name__)
_PERSISTENT: Final = 2


class Config(SinkConfig):
    """One exchange of one broker."""

    kind: Literal["amqp"] = KIND
    host: str = Field(min_length=1)
    port: int = Field(default=5672, ge=1, le=65535)
    virtual_host: str = "/"
    user: str = "guest"
    password_env: str | None = Field(default=None, min_length=1)
    password_file: Path | None = None
    """Neither: the password is the user's name, as in a fresh RabbitMQ."""

    tls: bool = False
    ca_file: Path | None = None
    exchange: str = ""
    """The default exchange leads to the queue that `routing_key` names."""

    routing_key: str = Field(min_length=1, max_length=255)
    declare_queue: bool = False
    """Makes the durable queue `routing_key` where it is not there; otherwise the city does."""

    reply_queue: str | None = Field(default=None, min_length=1, max_length=255)
    """Outcomes come back here, as JSON. None: they do not."""

    event_source: str = Field(default="/xunjie", min_length=1, max_length=200)
    evidence_base_url: str | None = None
    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    answer_timeout_s: float = Field(default=10, ge=1, le=120)
    """For the broker's confirm, also while it blocks publishers (disk or memory alarm)."""


class AmqpSink:
    """CaseSink over AMQP.

    Delivered is what the broker has confirmed: persistent, and routed to a queue at least. A
    message that no queue takes comes back (`mandatory`) and is tried again, because the missing
    binding is not the record's fault. `message_id` is the idempotency key. One connection, which
    is made anew after any failure. Raises ConfigError where pika is not installed.
    """

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        self._name = name
        self._broker = Broker(config, name)

    @property
    def name(self) -> str:
        return self._name

    def deliver(self, record: dict[str, Any], *, idempotency_key: str) -> str | None:
        """Gives no id: a broker has none. Raises DeliveryUnavailable or DeliveryRefused."""
        config = self._config
        sent = linked(record, config.evidence_base_url)
        body = cloud_event(sent, idempotency_key, config.event_source)
        with self._broker.channel() as channel:
            channel.basic_publish(
                config.exchange,
                config.routing_key,
                body,
                self._broker.pika.BasicProperties(
                    content_type=CONTENT_TYPE,
                    delivery_mode=_PERSISTENT,
                    message_id=idempotency_key,
                    type=f"xunjie.case.{record['kind']}.v1",
                    reply_to=config.reply_queue,
                ),
                mandatory=True,
            )
        return None

    def close(self) -> None:
        self._broker.drop()


class AmqpFetcher:
    """Empties the reply queue. A message is acknowledged once its outcome is kept; one that can
    never be taken is rejected, which puts it where the queue sends its dead letters."""

    def __init__(self, config: Config, name: str) -> None:
        self._queue = config.reply_queue
        self._broker = Broker(config, name)

    def fetch(self, awaited: Sequence[Awaited], book: OutcomeBook) -> None:
        with self._broker.channel() as channel:
            while True:
                method, properties, body = channel.basic_get(self._queue)
                if method is None:
                    return
                if self._take(body, properties.message_id, book):
                    channel.basic_ack(method.delivery_tag)
                else:
                    channel.basic_reject(method.delivery_tag, requeue=False)

    def close(self) -> None:
        self._broker.drop()

    def _take(self, body: bytes, message_id: str | None, book: OutcomeBook) -> bool:
        try:
            return book.take(remote_outcome(body, message_id))
        except OutcomeError as error:
            _log.error("reply queue %s: %s", self._queue, error)
            return False


class Broker:
    """One connection and its channel, kept between uses and dropped after a failure."""

    def __init__(self, config: Config, name: str) -> None:
        self.pika = _pika(name)
        workflow = self.pika.adapters.utils.connection_workflow
        self._failures = (self.pika.exceptions.AMQPError, workflow.AMQPConnectorException)
        self._config = config
        self._name = name
        self._parameters = self._connection_parameters()
        self._connection: Any = None
        self._channel: Any = None

    @contextlib.contextmanager
    def channel(self) -> Any:
        """Raises DeliveryUnavailable for whatever the broker does not do."""
        try:
            yield self._open()
        except self.pika.exceptions.UnroutableError as error:
            text = f"{self._name}: no queue takes {self._config.routing_key!r}; bind one"
            raise DeliveryUnavailable(text) from error
        except (*self._failures, OSError) as error:
            self.drop()
            detail = str(error) or type(error).__name__
            raise DeliveryUnavailable(f"{self._name}: {detail}") from error

    def drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        with contextlib.suppress(Exception):
            if connection is not None:
                connection.close()

    def _open(self) -> Any:
        if self._channel is not None and self._alive():
            return self._channel
        self.drop()
        self._connection = self.pika.BlockingConnection(self._parameters)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        if self._config.declare_queue:
            self._channel.queue_declare(self._config.routing_key, durable=True)
        return self._channel

    def _alive(self) -> bool:
        """Answers heartbeats, and notices a connection that the broker closed meanwhile."""
        try:
            self._connection.process_data_events(0)
        except (*self._failures, OSError):
            return False
        return bool(self._connection.is_open and self._channel.is_open)

    def _connection_parameters(self) -> Any:
        config, pika = self._config, self.pika
        secret = read_secret(config.password_env, config.password_file, self._name)
        password = config.user if secret is None else secret.decode()
        return pika.ConnectionParameters(
            host=config.host,
            port=config.port,
            virtual_host=config.virtual_host,
            credentials=pika.PlainCredentials(config.user, password),
            ssl_options=_tls(config, pika, self._name) if config.tls else None,
            socket_timeout=config.connect_timeout_s,
            stack_timeout=config.connect_timeout_s * 2,
            blocked_connection_timeout=config.answer_timeout_s,
            heartbeat=max(2, round(config.answer_timeout_s)),
        )


def build(config: Config, name: str) -> AmqpSink:
    return AmqpSink(config, name)


def build_fetcher(config: Config, name: str) -> AmqpFetcher | None:
    return None if config.reply_queue is None else AmqpFetcher(config, name)


def _pika(name: str) -> Any:
    try:
        import pika
        import pika.adapters.utils.connection_workflow
        import pika.exceptions
    except ImportError as error:
        raise ConfigError(
            f"destination {name!r}: sink kind 'amqp' needs pika: pip install 'xunjie[amqp]'"
        ) from error
    # Each failure is reported once, by us; the library's own lines would be ten more.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    return pika


def _tls(config: Config, pika: Any, name: str) -> Any:
    import ssl

    try:
        context = ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise ConfigError(f"destination {name!r}: ca_file {config.ca_file}: {error}") from error
    return pika.SSLOptions(context, config.host)
