"""Speaks to a video gateway of the WVP kind, which knows the cameras of GB/T 28181."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from detector.sources.base import redact
from detector.types import Position, SourceAuthError, SourceError

CODE: Final = re.compile(r"\d{20}")
_CAMERA_TYPES: Final = ("131", "132")  # digits 11 to 13: camera, network camera
_PAGE: Final = 500
_QUEUE_S: Final = 120.0  # a whole city's cameras may want to wake at once
_MOST_PAGES: Final = 1_000
_REFUSED: Final = (401, 403)
_POSITION_ERROR_M: Final = 50.0  # gateways carry what somebody once typed in


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One camera of a gateway. Both ids have 20 digits: 8 centre, 2 industry, 3 type, 7 serial."""

    device_id: str
    channel_id: str
    name: str
    online: bool
    division: str  # code of the administrative division, as far as the gateway knows it
    position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a gateway knows now. Cameras of a device in `unlisted` must not be taken as gone."""

    channels: tuple[Channel, ...]
    unlisted: Mapping[str, str]  # device id -> why its channels could not be listed


class _Declined(SourceError):
    """The gateway works, and says no."""


class GatewayClient:
    """May be used by many sources at once. Errors name the gateway, never the password."""

    def __init__(self, url: str, *, api_key: str = "", timeout_s: float = 20) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        netloc = f"{host}:{parts.port}" if parts.port else host
        self._base = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._label = redact(self._base)
        self._headers = {"api-key": api_key} if api_key else {}
        limits = httpx.Limits(max_connections=32)
        patience = httpx.Timeout(timeout_s, pool=_QUEUE_S)
        self._http = httpx.Client(timeout=patience, limits=limits)

    def close(self) -> None:
        self._http.close()

    def listing(self) -> Listing:
        """All cameras of all devices. Raises SourceError if not even the devices are told."""
        channels: dict[tuple[str, str], Channel] = {}
        unlisted: dict[str, str] = {}
        for device in self._pages("/api/device/query/devices"):
            device_id = str(device.get("deviceId") or "")
            if not CODE.fullmatch(device_id):
                continue
            try:
                for raw in self._pages(f"/api/device/query/devices/{device_id}/channels"):
                    channel = _channel(device_id, raw)
                    if channel is not None:
                        channels[device_id, channel.channel_id] = channel
            except SourceAuthError:
                raise
            except SourceError as error:
                unlisted[device_id] = str(error)
        return Listing(channels=tuple(channels.values()), unlisted=unlisted)

    def start(self, device_id: str, channel_id: str) -> Mapping[str, str]:
        """Wakes a camera's stream; returns its urls by kind: rtsp, flv, hls, rtmp, ..."""
        data = self._get(f"/api/play/start/{device_id}/{channel_id}")
        urls = data.items() if isinstance(data, dict) else ()
        found = {str(k): v for k, v in urls if isinstance(v, str) and "://" in v}
        if not found:
            raise SourceError(f"{self._label}: started {channel_id} but gave no url")
        return found

    def stop(self, device_id: str, channel_id: str) -> None:
        """Tells that nobody looks any more; the gateway would find out itself, later."""
        self._get(f"/api/play/stop/{device_id}/{channel_id}")

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        told = 0
        for page in range(1, _MOST_PAGES):
            data = self._get(path, page=page, count=_PAGE)
            rows = data.get("list") if isinstance(data, dict) else None
            if not isinstance(rows, list):
                raise SourceError(f"{self._label}: {path} answered without a list")
            yield from (row for row in rows if isinstance(row, dict))
            told += len(rows)
            if not rows or told >= int(data.get("total") or 0):
                return

    def _get(self, path: str, **query: str | int) -> Any:
        """The answer's data. Logs in where the gateway asks for it, also when a login expires."""
        body = self._ask(path, query)
        if body is None:
            self._log_in()
            body = self._ask(path, query)
        if body is None:
            raise SourceAuthError(f"{self._label}: wrong user name or password")
        return body

    def _ask(self, path: str, query: Mapping[str, str | int]) -> Any:
        """The answer's data; None: a login is needed."""
        try:
            answer = self._http.get(self._base + path, params=query, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{self._label}: {path}: {_words(error)}") from error
        if answer.status_code in _REFUSED:
            return None
        if answer.status_code != httpx.codes.OK:
            raise SourceError(f"{self._label}: {path}: answered {answer.status_code}")
        try:
            body = answer.json()
        except ValueError as error:
            raise SourceError(f"{self._label}: {path}: the answer is not JSON") from error
        if not isinstance(body, dict) or "code" not in body:
            return body  # older gateways send the data bare
        if body["code"] in _REFUSED:
            return None
        if body["code"] != 0:
            raise _Declined(f"{self._label}: {path}: {body.get('msg') or body['code']}")
        return body.get("data") or {}

    def _log_in(self) -> None:
        if not self._user:
            raise SourceAuthError(f"{self._label}: wants a user name and a password, or an API key")
        # The gateway's own protocol: it stores the hash and compares it.
        hashed = hashlib.md5(self._password.encode(), usedforsecurity=False).hexdigest()
        self._headers.pop("access-token", None)
        query = {"username": self._user, "password": hashed}
        try:
            data = self._ask("/api/user/login", query)
        except _Declined:
            data = None
        token = data.get("accessToken") if isinstance(data, dict) else None
        if not token:
            raise SourceAuthError(f"{self._label}: wrong user name or password")
        self._headers = {**self._headers, "access-token": str(token)}


def _channel(device_id: str, raw: Mapping[str, Any]) -> Channel | None:
    """None for what is not a camera: folders, alarm inputs, loudspeakers."""
    code = str(raw.get("channelId") or raw.get("gbDeviceId") or raw.get("deviceId") or "")
    if not CODE.fullmatch(code) or code[10:13] not in _CAMERA_TYPES:
        return None
    status = raw.get("status", raw.get("gbStatus"))
    return Channel(
        device_id=device_id,
        channel_id=code,
        name=" ".join(str(raw.get("name") or raw.get("gbName") or code).split()),
        online=status is True or str(status).upper() in ("1", "ON", "TRUE"),
        division=str(raw.get("civilCode") or raw.get("gbCivilCode") or ""),
        position=_position(raw),
    )


def _position(raw: Mapping[str, Any]) -> Position | None:
    try:
        lon = float(raw.get("longitude") or raw.get("gbLongitude") or 0)
        lat = float(raw.get("latitude") or raw.get("gbLatitude") or 0)
    except (TypeError, ValueError):
        return None
    if not (0 < abs(lon) <= 180 and 0 < abs(lat) <= 90):
        return None
    return Position(x=lon, y=lat, error_radius_m=_POSITION_ERROR_M)


def _words(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    if isinstance(error, httpx.ConnectError):
        return "connection refused or no route"
    return type(error).__name__
