"""Cases as CloudEvents 1.0, structured JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final

from detector.types import DeliveryRefused

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
MAX_BYTES: Final = 64 * 1024
SIGNATURE_HEADER: Final = "X-Xunjie-Signature"
TIMESTAMP_HEADER: Final = "X-Xunjie-Timestamp"


def cloud_event(record: dict[str, Any], idempotency_key: str, source: str) -> bytes:
    """The body; equal for equal records, so that a repetition is the same event.

    `id` is the idempotency key and `subject` the case's number. Raises DeliveryRefused where the
    body exceeds 64 KiB, which no receiver has to take.
    """
    event = {
        "specversion": "1.0",
        "id": idempotency_key,
        "source": source,
        "type": f"xunjie.case.{record['kind']}.v1",
        "subject": record["number"],
        "time": record["at"],
        "datacontenttype": "application/json",
        "data": record,
    }
    body = json.dumps(event, ensure_ascii=False, sort_keys=True).encode()
    if len(body) > MAX_BYTES:
        raise DeliveryRefused(
            f"case {record['number']}: {len(body)} bytes as a CloudEvent, more than {MAX_BYTES}"
        )
    return body


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA256 of the timestamp, a full stop and the body's bytes.

    The timestamp (Unix seconds) is sent beside it: a receiver computes the same, compares in
    constant time, and turns away what is older than it tolerates.
    """
    mac = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={mac.hexdigest()}"
