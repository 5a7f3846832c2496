"""Cameras behind a video gateway: their streams start on demand and end with the last viewer."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from detector.sources.base import BaseSourceConfig, SourceContext, redact
from detector.sources.gateway_client import GatewayClient
from detector.sources.picture_client import REFUSED, PictureClient
from detector.sources.snapshot import SnapshotConfig, SnapshotSource
from detector.sources.stream import StreamConfig, StreamSource
from detector.types import (
    Clip,
    ConfigError,
    Frame,
    NoFrame,
    SourceAuthError,
    SourceError,
    SourceHealth,
)

KIND = "gateway"
_SNAP_WAIT_S = 10
_SNAP_AGE_S = 1  # an older picture from the media server's cache would not be a look


class GatewayConfig(BaseSourceConfig):
    """One channel of a gateway of the WVP kind, and perhaps its media server's picture service."""

    kind: Literal["gateway"] = "gateway"
    url: str = Field(
        pattern=r"^https?://", description="Of the gateway, with user name and password."
    )
    api_key_env: str = Field(default="", description="Variable with an API key, instead of these.")
    device_id: str = Field(pattern=r"^\d{20}$")
    channel_id: str = Field(pattern=r"^\d{20}$")
    protocol: Literal["rtsp", "flv", "hls", "rtmp", "ts", "fmp4"] = "rtsp"
    media_url: str = Field(
        default="", pattern=r"^(https?://.*)?$", description="Of ZLMediaKit, which gives pictures."
    )
    media_secret_env: str = Field(default="", description="Variable with its secret.")
    snapshot_from_interval_s: float = Field(
        default=60, gt=0, description="Looks so rare are single pictures, if media_url is given."
    )
    stream_after_failures: int = Field(
        default=3, ge=1, description="So many failed single pictures, and the stream is looked at."
    )
    snapshot_again_s: float = Field(
        default=600, gt=0, description="Then single pictures are tried again every so often."
    )
    answer_timeout_s: float = Field(default=20, gt=0)
    waking_for_s: float = Field(default=60, ge=0)
    stalled_after_s: float = Field(default=12, gt=0)
    reconnect_max_s: float = Field(default=5, gt=0)

    @model_validator(mode="after")
    def _secret_belongs_to_a_server(self) -> Self:
        if self.media_secret_env and not self.media_url:
            raise ValueError("media_secret_env: belongs to a media_url")
        return self

    @property
    def rare(self) -> bool:
        return bool(self.media_url) and self.interval_s >= self.snapshot_from_interval_s


class GatewaySource:
    """A stream whose url is asked for at each connection; single pictures where looks are rare.

    Where single pictures fail (at once for a refused secret, else `stream_after_failures` times in
    a row), the stream is looked at until the picture service gives one again.
    """

    def __init__(self, config: GatewayConfig, client: GatewayClient) -> None:
        """Raises ConfigError for a variable that is named but not set."""
        self._config, self._client = config, client
        self._secret = _variable(config.media_secret_env, config.id)
        self._place = f"{config.url.rstrip('/')}/{config.device_id}/{config.channel_id}"
        self._snapshot: SnapshotSource | None = None
        self._stream: StreamSource | None = None
        self._failures = 0  # of single pictures in a row
        self._complaint = ""
        self._again_s = 0.0  # by time.monotonic(): the next try while the stream is looked at
        self._switching = threading.Lock()
        self._stopped = False
        if config.rare:
            rare = SnapshotConfig(
                id=config.id,
                url=self._place,
                interval_s=config.interval_s,
                timeout_s=_SNAP_WAIT_S + 5,
            )
            self._snapshot = SnapshotSource(rare, fetch=self._picture)
        else:
            self._stream = self._new_stream()

    @property
    def source_id(self) -> str:
        return self._config.id

    @property
    def moving(self) -> bool:
        return False

    @property
    def paced(self) -> bool:
        return True

    def start(self) -> None:
        self._inner.start()

    def stop(self) -> None:
        with self._switching:
            self._stopped = True
        for source in (self._snapshot, self._stream):
            if source is not None:
                source.stop()

    def look(self) -> Frame | NoFrame | None:
        return self._inner.look()

    def health(self) -> SourceHealth:
        health = self._inner.health()
        if self._snapshot is None or self._stream is None:
            return health
        told = f"the stream is looked at: {self._complaint}"
        return replace(health, reason="; ".join(filter(None, (health.reason, told))))

    def clip(self, from_at: datetime, to_at: datetime) -> Clip | None:
        return self._inner.clip(from_at, to_at)

    @property
    def _inner(self) -> StreamSource | SnapshotSource:
        found = self._stream or self._snapshot
        if found is None:
            raise RuntimeError("a gateway's camera has a stream or single pictures")
        return found

    def _new_stream(self) -> StreamSource:
        config = self._config
        stream = StreamConfig(
            id=config.id,
            url=self._place,
            interval_s=config.interval_s,
            waking_for_s=config.waking_for_s,
            stalled_after_s=config.stalled_after_s,
            reconnect_max_s=config.reconnect_max_s,
        )
        return StreamSource(stream, address=self._address)

    def _picture(self, client: PictureClient) -> bytes:
        """Called on the thread of single pictures."""
        if self._stream is not None and time.monotonic() < self._again_s:
            raise SourceError(self._complaint)
        url = self._address()  # a camera that does not answer has no stream either
        try:
            data = self._asked_picture(client, url)
        except SourceError as error:
            self._to_stream(error)
            raise
        self._to_pictures()
        return data

    def _to_stream(self, error: SourceError) -> None:
        refused = isinstance(error, SourceAuthError)
        self._failures += 1
        self._complaint = str(error)
        self._again_s = time.monotonic() + self._config.snapshot_again_s
        with self._switching:
            enough = refused or self._failures >= self._config.stream_after_failures
            if enough and self._stream is None and not self._stopped:
                stream = self._new_stream()
                stream.start()
                self._stream = stream

    def _to_pictures(self) -> None:
        self._failures = 0
        with self._switching:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()

    def _address(self) -> str:
        config = self._config
        urls = self._client.start(config.device_id, config.channel_id)
        for protocol in (config.protocol, "rtsp", "flv", "hls"):
            if protocol in urls:
                return urls[protocol]
        raise SourceError(f"{redact(config.url)}: {config.channel_id} has no url that can be read")

    def _asked_picture(self, client: PictureClient, url: str) -> bytes:
        """One picture by the media server, of a stream that the gateway has woken for it."""
        config = self._config
        query = {
            "secret": self._secret,
            "url": url,
            "timeout_sec": str(_SNAP_WAIT_S),
            "expire_sec": str(_SNAP_AGE_S),
        }
        label = f"{redact(config.media_url)}: getSnap"
        service = config.media_url.rstrip("/") + "/index/api/getSnap"
        answer = client.get(service, label, query)
        if answer.media_type.startswith("image/") and answer.status not in REFUSED:
            return answer.data
        if answer.status in REFUSED or _names_secret(answer.data):
            raise SourceAuthError(f"{label}: the secret is refused")
        raise SourceError(f"{label}: answered {answer.status} without a picture")


def _names_secret(data: bytes) -> bool:
    """It answers 200 with a code and a message to a wrong secret."""
    text = data.decode("utf-8", "replace")
    return '"code"' in text and "secret" in text.lower()


def _variable(name: str, source_id: str) -> str:
    if not name:
        return ""
    value = os.environ.get(name)
    if not value:
        raise ConfigError(f"source {source_id}: the variable {name} is not set")
    return value


@lru_cache(maxsize=64)
def _shared_client(url: str, api_key: str, timeout_s: float) -> GatewayClient:
    """One for all channels of a gateway: one login, one pool of connections."""
    return GatewayClient(url, api_key=api_key, timeout_s=timeout_s)


CONFIG = GatewayConfig


def build(config: GatewayConfig, context: SourceContext) -> GatewaySource:
    if not urlsplit(config.url).hostname:
        raise ConfigError(f"source {config.id}: url: names no host")
    key = _variable(config.api_key_env, config.id)
    return GatewaySource(config, _shared_client(config.url, key, config.answer_timeout_s))
