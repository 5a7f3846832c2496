"""Opens streams and video files, and says in plain words why one cannot be opened."""

from __future__ import annotations

import socket
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import av
from av.container import InputContainer

from detector.sources.base import redact
from detector.types import SourceAuthError, SourceError

AUTH_ERRORS = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
_GREETING_S = 4.0  # a machine that is there answers sooner, also over a mobile link
# FFmpeg would look at a stream for 5 s, to tell its rate too, before it hands out a packet.
_ANALYSIS = {"analyzeduration": "2000000", "fpsprobesize": "0"}


def open_stream(url: str, *, open_timeout_s: float, read_timeout_s: float) -> InputContainer:
    """The opened live stream. Raises SourceAuthError or SourceError, without credentials."""
    label = redact(url)
    parts = urlsplit(url)
    _greet(parts, label, min(_GREETING_S, open_timeout_s))
    options = dict(_ANALYSIS)
    if parts.scheme in ("rtsp", "rtsps"):
        options["rtsp_transport"] = "tcp"
    elif parts.scheme in ("http", "https"):
        options["protocol_whitelist"] = "http,https,tcp,tls,crypto,httpproxy"
        if is_playlist(url):
            options["live_start_index"] = "-1"  # three segments back would be old already
    return _open(url, label, options, (open_timeout_s, read_timeout_s))


def open_file(path: str, label: str) -> InputContainer:
    """The opened video file. Raises SourceError."""
    return _open(path, label, {}, None)


def is_playlist(url: str) -> bool:
    """True for HLS, whose packets come in bursts, one a segment."""
    return urlsplit(url).path.lower().endswith((".m3u8", ".m3u"))


def words(error: Exception) -> str:
    """The system's words for it; the whole text would repeat the address with its password."""
    return str(getattr(error, "strerror", None) or type(error).__name__)


def _open(
    url: str, label: str, options: dict[str, str], timeout: tuple[float, float] | None
) -> InputContainer:
    try:
        return av.open(url, "r", options=options, timeout=timeout)
    except AUTH_ERRORS as error:
        raise SourceAuthError(f"{label}: wrong user name or password") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"{label}: cannot be opened: {words(error)}") from error


def _greet(parts: SplitResult, label: str, timeout_s: float) -> None:
    """Connects and closes: tells a machine that is gone from one that is slow to wake a stream.
    FFmpeg would wait for both alike."""
    if parts.scheme not in _PORTS or parts.hostname is None or parts.scheme in getproxies():
        return
    try:
        port = parts.port or _PORTS[parts.scheme]
        socket.create_connection((parts.hostname, port), timeout_s).close()
    except TimeoutError as error:
        raise SourceError(f"{label}: timed out, the address does not answer") from error
    except ConnectionRefusedError as error:
        raise SourceError(f"{label}: connection refused, nothing listens on port {port}") from error
    except socket.gaierror as error:
        raise SourceError(f"{label}: name or service not known") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{label}: cannot be reached: {words(error)}") from error
