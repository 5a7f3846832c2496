"""The `http` sink against a receiver on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from detector.incidents import RetryLaterError, build_sink, parse_sink_config
from detector.incidents.sinks.cloud_event import CONTENT_TYPE
from detector.incidents.sinks.http import HttpSink
from detector.types import ConfigError, DeliveryRefused, DeliveryUnavailable
from tests.faults.receiver import Book, Receiver

RECORD = {
    "schema": "xunjie.case/1",
    "kind": "opened",
    "seq": 1,
    "at": "2026-11-24T08:00:00+00:00",
    "case_id": "c-1",
    "number": "XJ-20261124-000001",
    "incident_id": "i-1",
    "description": "疑似无照经营游商",
    "evidence": [{"kind": "first", "key": "2026/11/24/a.jpg", "sha256": "ab" * 32}],
}
KEY = "c-1:opened:1"


@pytest.fixture
def receiver(tmp_path):
    server = Receiver(Book(tmp_path / "book.jsonl"), 0, 1, 0.0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sink_to(port: int, **values) -> HttpSink:
    config = {
        "kind": "http",
        "url": f"http://127.0.0.1:{port}/cases",
        "connect_timeout_s": 1,
        "answer_timeout_s": 1,
        **values,
    }
    return build_sink(parse_sink_config(config), "city")


@pytest.fixture
def sink(receiver):
    made = sink_to(receiver.server_address[1])
    yield made
    made.close()


def deliver(sink):
    return sink.deliver(RECORD, idempotency_key=KEY)


def test_a_cloud_event_arrives_and_its_id_comes_back(receiver, sink):
    assert deliver(sink) == "case-c-1:open"
    ((headers, body),) = receiver.seen
    assert headers["Content-Type"] == CONTENT_TYPE
    assert headers["Idempotency-Key"] == KEY
    assert "X-Xunjie-Signature" not in headers
    event = json.loads(body)
    assert (event["specversion"], event["id"], event["type"], event["subject"]) == (
        "1.0",
        KEY,
        "xunjie.case.opened.v1",
        "XJ-20261124-000001",
    )
    assert event["data"] == RECORD


def test_a_repetition_is_the_same_event_and_counts_as_delivered(receiver, sink):
    deliver(sink)
    deliver(sink)  # answered by 409
    assert receiver.seen[0][1] == receiver.seen[1][1]
    assert len(receiver.book.accepted) == 1
    assert receiver.book.repeated == 1


def test_the_signature_can_be_checked(receiver, monkeypatch, tmp_path):
    monkeypatch.setenv("XUNJIE_TEST_SECRET", "geheim")
    file = tmp_path / "secret"
    file.write_text("geheim\n")
    for secret in ({"secret_env": "XUNJIE_TEST_SECRET"}, {"secret_file": file}):
        sink = sink_to(receiver.server_address[1], **secret)
        deliver(sink)
        sink.close()
        headers, body = receiver.seen[-1]
        stamp = headers["X-Xunjie-Timestamp"]
        assert abs(int(stamp) - time.time()) < 5
        mac = hmac.new(b"geheim", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Xunjie-Signature"] == f"v1={mac}"


@pytest.mark.parametrize("status", [400, 406, 410, 413, 415, 422, 451])
def test_what_will_never_be_taken_is_refused(receiver, sink, status):
    receiver.script = [f"status:{status}"]
    with pytest.raises(DeliveryRefused, match=f"city: HTTP {status} .*as you wish"):
        deliver(sink)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 405, 407, 408, 425, 429, 500, 502, 503])
def test_what_is_not_about_the_record_is_tried_again(receiver, sink, status):
    receiver.script = [f"status:{status}"]
    with pytest.raises(DeliveryUnavailable, match=f"HTTP {status}") as caught:
        deliver(sink)
    assert not isinstance(caught.value, RetryLaterError)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("7", 7, 7), ("0.5", 0.5, 0.5), ("-3", 0, 0), ("999999", 3600, 3600)],
)
def test_retry_after_is_heeded_up_to_an_hour(receiver, sink, value, low, high):
    receiver.script = [f"status:429:Retry-After:{value}"]
    with pytest.raises(RetryLaterError) as caught:
        deliver(sink)
    assert low <= caught.value.retry_after_s <= high


def test_retry_after_may_be_a_date(receiver, sink):
    at = datetime.now(UTC) + timedelta(seconds=100)
    receiver.script = [f"status:503:Retry-After:{format_datetime(at, usegmt=True)}"]
    with pytest.raises(RetryLaterError) as caught:
        deliver(sink)
    assert 95 <= caught.value.retry_after_s <= 100


@pytest.mark.parametrize("value", ["nan", "inf", "soon", "Tue, 24 Nov 2026 08:00:00", ""])
def test_a_retry_after_that_says_nothing_is_ignored(receiver, sink, value):
    receiver.script = [f"status:503:Retry-After:{value}"]
    with pytest.raises(DeliveryUnavailable) as caught:
        deliver(sink)
    assert not isinstance(caught.value, RetryLaterError) or value.startswith("Tue")


@pytest.mark.parametrize(
    "trouble", ["reset_before", "reset_after", "timeout_before", "timeout_after", "cut_answer"]
)
def test_an_unknown_outcome_is_tried_again_under_the_key(receiver, sink, trouble):
    receiver.script = [trouble]
    with pytest.raises(DeliveryUnavailable, match="city: "):
        deliver(sink)
    deliver(sink)
    assert list(receiver.book.accepted) == [KEY]


def test_nobody_listens():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = sink_to(port)
    with pytest.raises(DeliveryUnavailable, match="city"):
        deliver(sink)
    sink.close()


@pytest.mark.parametrize(("length", "reads"), [(b"1000", "trickle"), (b"900000000", "flood")])
def test_an_endless_answer_holds_nobody_up(length, reads):
    """A 200 is a 200 however its body goes on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n")
                try:
                    while not stop.wait(0.05 if reads == "trickle" else 0):
                        connection.sendall(b"x" if reads == "trickle" else b"x" * 65536)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        sink = sink_to(listener.getsockname()[1])
        began = time.monotonic()
        assert deliver(sink) is None
        assert time.monotonic() - began < 10
        stop.set()
        sink.close()
        thread.join()


@pytest.mark.parametrize(
    "answer", [b"[" * 60_000, b"\xff\xfe", b"[1]", b'"x"', b'{"id": null}', b""]
)
def test_a_senseless_answer_gives_no_id(receiver, sink, answer):
    receiver.answer = answer
    assert deliver(sink) is None


def test_a_record_too_large_for_an_event_is_refused_before_sending(receiver, sink):
    large = {**RECORD, "description": "长" * 30_000}
    with pytest.raises(DeliveryRefused, match="more than 65536"):
        sink.deliver(large, idempotency_key=KEY)
    assert not receiver.seen


def test_evidence_is_linked_where_it_can_be_fetched(receiver):
    sink = sink_to(receiver.server_address[1], evidence_base_url="https://xunjie.example/files/")
    deliver(sink)
    sink.close()
    (item,) = json.loads(receiver.seen[0][1])["data"]["evidence"]
    assert item["url"] == "https://xunjie.example/files/2026/11/24/a.jpg"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"url": "ftp://x/"}, "sink.*url"),
        ({"secret_env": "A", "secret_file": "b"}, "not both"),
        ({"answer_timeout_s": 0}, "answer_timeout_s"),
        ({"colour": "red"}, "colour"),
        ({"kind": "pigeon"}, "pigeon"),
    ],
)
def test_a_bad_config_names_its_field(values, message):
    with pytest.raises(ConfigError, match=message):
        parse_sink_config({"kind": "http", "url": "http://127.0.0.1/", **values})


def test_a_missing_secret_is_named_and_never_shown(tmp_path):
    with pytest.raises(ConfigError, match="XUNJIE_NO_SUCH_SECRET"):
        sink_to(1, secret_env="XUNJIE_NO_SUCH_SECRET")
    with pytest.raises(ConfigError, match="cannot be read"):
        sink_to(1, secret_file=tmp_path / "none")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        sink_to(1, secret_file=tmp_path / "empty")
    with pytest.raises(ConfigError, match="ca_file"):
        sink_to(1, ca_file=tmp_path / "none.pem")


def test_a_city_s_own_authority_is_trusted_and_another_one_is_not(receiver, tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    _self_signed(key, cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    url = f"https://127.0.0.1:{receiver.server_address[1]}/cases"
    trusting = sink_to(0, url=url, ca_file=cert, answer_timeout_s=5)
    assert deliver(trusting)
    trusting.close()
    wary = sink_to(0, url=url, answer_timeout_s=5)
    with pytest.raises(DeliveryUnavailable, match=r"(?i)certificate"):
        deliver(wary)
    wary.close()


def test_the_environment_s_proxy_is_not_used(receiver, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    sink = sink_to(receiver.server_address[1])
    assert deliver(sink)
    sink.close()


def test_the_receiver_s_book_outlives_it(receiver, sink, tmp_path):
    """What the fault runs count on."""
    deliver(sink)
    again = Book(tmp_path / "book.jsonl")
    assert not again.take(KEY, {"data": RECORD})
    script = Path(__file__).parent.parent / "faults" / "receiver.py"
    run = subprocess.Popen(
        [sys.executable, script, "--book", tmp_path / "book.jsonl", "--trouble", "0"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        port = int(run.stdout.readline())
        other = sink_to(port, answer_timeout_s=5)
        assert deliver(other) == "case-c-1:open"
        other.close()
    finally:
        run.kill()
        run.wait()
        run.stdout.close()
    assert len((tmp_path / "book.jsonl").read_text().splitlines()) == 1


def _self_signed(key_file: Path, cert_file: Path) -> None:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a city")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
