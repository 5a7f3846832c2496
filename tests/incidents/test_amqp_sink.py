"""The `amqp` sink and its reply queue against a real RabbitMQ."""

from __future__ import annotations

import json
import socket
import time
from uuid import uuid4

import pika
import pytest

from detector.incidents import (
    CaseState,
    DestinationConfig,
    OutcomeCollector,
    OutcomeDesk,
    OutcomeKind,
    build_collectors,
    build_sink,
    parse_sink_config,
)
from detector.types import ConfigError, DeliveryUnavailable
from tests.incidents.brokers import RabbitMq, free_port

pytestmark = pytest.mark.slow

RECORD = {
    "kind": "opened",
    "violation": "vendor",
    "at": "2026-11-24T08:00:00+00:00",
    "number": "XJ-20261124-000001",
    "evidence": [],
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = RabbitMq(tmp_path_factory.mktemp("rabbitmq"))
    made.start()
    yield made
    made.close()


@pytest.fixture
def queue(broker):
    return f"q-{uuid4().hex[:8]}"


def config(broker, queue, **values):
    found = {"kind": "amqp", "host": "127.0.0.1", "port": broker.port, "answer_timeout_s": 2}
    return {**found, "routing_key": queue, "declare_queue": True, **values}


def sink_to(broker, queue, **values):
    return build_sink(parse_sink_config(config(broker, queue, **values)), "city")


@pytest.fixture
def sink(broker, queue):
    made = sink_to(broker, queue)
    yield made
    made.close()


@pytest.fixture
def channel(broker):
    connection = connect(broker)
    yield connection.channel()
    if connection.is_open:
        connection.close()


def connect(broker):
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", broker.port))


def deliver(sink, key="c:opened:1"):
    return sink.deliver(RECORD, idempotency_key=key)


def taken(channel, queue):
    found = []
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return found
        found.append((properties, json.loads(body)))


def test_a_case_is_confirmed_persistent_and_carries_its_key(sink, queue, channel):
    assert deliver(sink) is None
    ((properties, event),) = taken(channel, queue)
    assert properties.message_id == event["id"] == "c:opened:1"
    assert properties.delivery_mode == 2
    assert properties.type == "xunjie.case.opened.v1"
    assert properties.content_type.startswith("application/cloudevents+json")


def test_many_in_order_over_one_connection(sink, queue, channel):
    began = time.monotonic()
    for i in range(200):
        deliver(sink, f"k{i}")
    assert time.monotonic() - began < 60
    assert [event["id"] for _, event in taken(channel, queue)] == [f"k{i}" for i in range(200)]


def test_what_no_queue_takes_comes_back_and_goes_out_once_one_is_bound(broker, queue, channel):
    sink = sink_to(broker, queue, declare_queue=False)
    with pytest.raises(DeliveryUnavailable, match=f"no queue takes '{queue}'"):
        deliver(sink)
    channel.queue_declare(queue, durable=True)
    deliver(sink)
    assert len(taken(channel, queue)) == 1
    sink.close()


def test_an_exchange_that_is_not_there_is_named(broker, queue):
    sink = sink_to(broker, queue, declare_queue=False, exchange="nowhere")
    with pytest.raises(DeliveryUnavailable, match="no exchange 'nowhere'"):
        deliver(sink)
    sink.close()


def test_the_disk_alarm_blocks_and_releases(broker, sink, queue, channel):
    deliver(sink, "before")
    broker.control("set_disk_free_limit", "1000GB")
    try:
        began = time.monotonic()
        with pytest.raises(DeliveryUnavailable, match=r"(?i)blocked"):
            deliver(sink, "during")
        assert time.monotonic() - began < 30
    finally:
        broker.control("set_disk_free_limit", "1MB")
    ends = time.monotonic() + 60
    while True:
        try:
            deliver(sink, "during")
            break
        except DeliveryUnavailable:
            assert time.monotonic() < ends
    ids = {event["id"] for _, event in taken(channel, queue)}
    assert ids == {"before", "during"}


def test_a_queue_that_is_full_refuses_for_now(broker, queue, channel):
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(queue, durable=True, arguments=limits)
    sink = sink_to(broker, queue, declare_queue=False)
    deliver(sink, "a")
    with pytest.raises(DeliveryUnavailable):
        deliver(sink, "b")
    taken(channel, queue)
    deliver(sink, "b")
    assert [event["id"] for _, event in taken(channel, queue)] == ["b"]
    sink.close()


def test_an_idle_connection_that_the_broker_closed_is_made_anew(broker, sink, queue):
    deliver(sink, "a")
    broker.control("close_all_connections", "because")
    time.sleep(0.3)
    deliver(sink, "b")
    fresh = connect(broker)
    assert len(taken(fresh.channel(), queue)) == 2
    fresh.close()


def test_a_broker_that_accepts_and_says_nothing(queue):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        values = {"kind": "amqp", "host": "127.0.0.1", "port": silent.getsockname()[1]}
        values |= {"routing_key": queue, "connect_timeout_s": 0.5, "answer_timeout_s": 1}
        sink = build_sink(parse_sink_config(values), "city")
        began = time.monotonic()
        with pytest.raises(DeliveryUnavailable):
            deliver(sink)
        assert time.monotonic() - began < 20


def test_a_wrong_password_and_a_missing_broker_are_named(broker, queue, monkeypatch):
    monkeypatch.setenv("XUNJIE_TEST_PASSWORD", "wrong")
    sink = sink_to(broker, queue, password_env="XUNJIE_TEST_PASSWORD")
    with pytest.raises(DeliveryUnavailable, match=r"(?i)access_refused|authentication|login"):
        deliver(sink)
    nobody = sink_to(broker, queue, port=free_port())
    with pytest.raises(DeliveryUnavailable, match="city: "):
        deliver(nobody)
    with pytest.raises(ConfigError, match="ca_file"):
        sink_to(broker, queue, tls=True, ca_file="/nowhere.pem")


@pytest.fixture
def asked(broker, queue, street, channel):
    """A street with a case, and the collector of a destination with a reply queue."""
    destination = DestinationConfig(
        name="city", sink=config(broker, queue, reply_queue=f"{queue}-replies")
    )
    street.wire(destination)
    (case_id,) = street.look(street.cover()).cases
    channel.exchange_declare("dead", "fanout")
    channel.queue_declare(f"{queue}-dead")
    channel.queue_bind(f"{queue}-dead", "dead")
    dead = {"x-dead-letter-exchange": "dead"}
    channel.queue_declare(f"{queue}-replies", durable=True, arguments=dead)
    desk = OutcomeDesk(street.database, street.clock)
    (collector,) = build_collectors(street.outbox, desk, [destination])
    yield street, case_id, desk, collector
    collector.stop()


def reply(channel, queue, body, **properties):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    channel.basic_publish("", f"{queue}-replies", body, pika.BasicProperties(**properties))
    time.sleep(0.1)


def test_outcomes_come_back_over_the_reply_queue_once(asked, channel, queue):
    street, case_id, desk, collector = asked
    collector: OutcomeCollector
    told = {"case_id": str(case_id), "outcome": "accepted", "remote_id": "77"}
    reply(channel, queue, told, message_id="m1")
    reply(channel, queue, told, message_id="m1")
    assert collector.collect() == 1
    assert street.queue.get(case_id).state == CaseState.REGISTERED
    refused = {"case_id": str(case_id), "outcome": "refused", "reason": "不在辖区", "id": "r"}
    reply(channel, queue, refused)
    assert collector.collect() == 1
    case = street.queue.get(case_id)
    assert case.state == CaseState.REFUSED
    first, second = desk.outcomes(case_id)
    assert (first.kind, first.remote_id, first.outcome_key) == (OutcomeKind.ACCEPTED, "77", "m1")
    assert (second.reason, second.outcome_key) == ("不在辖区", "r")


def test_what_cannot_be_taken_goes_to_the_dead_letters_and_stops_nothing(asked, channel, queue):
    street, case_id, _, collector = asked
    bad = [
        b"not json",
        {"outcome": "closed"},
        {"case_id": str(case_id), "outcome": "vanished"},
        {"case_id": str(uuid4()), "outcome": "closed"},
        {"case_id": str(case_id), "outcome": "refused"},
    ]
    for body in bad:
        reply(channel, queue, body)
    reply(channel, queue, {"case_id": str(case_id), "outcome": "accepted"})
    assert collector.collect() == 1
    assert street.queue.get(case_id).state == CaseState.REGISTERED
    time.sleep(0.2)
    state = channel.queue_declare(f"{queue}-dead", passive=True)
    assert state.method.message_count == len(bad)


def test_a_broker_that_is_killed_keeps_what_it_confirmed(broker, sink, queue):
    """The last test here: it takes the broker ten seconds to come back."""
    deliver(sink, "before")
    broker.kill()
    with pytest.raises(DeliveryUnavailable):
        deliver(sink, "during")
    broker.start()
    deliver(sink, "during")
    connection = connect(broker)
    ids = [event["id"] for _, event in taken(connection.channel(), queue)]
    connection.close()
    assert ids == ["before", "during"]
