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
_RTSP = ("rtsp", "rtsps")
_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
_GREETING_S = 4.0  # a machine that is there answers sooner, also over a mobile link
# FFmpeg would look at a stream for 5 s, to tell its rate too, before it hands out a packet.
_ANALYSIS = {"analyzeduration": "2000000", "fpsprobesize": "0"}
# An RTSP server has told what it sends; one keyframe needs no more. (0 would mean the default.)
_NO_ANALYSIS = {"analyzeduration": "1", "probesize": "32", "fpsprobesize": "0"}


def open_stream(url: str, *, open_timeout_s: float, read_timeout_s: float) -> InputContainer:
    """The opened live stream. Raises SourceAuthError or SourceError, without credentials."""
    greet(url, open_timeout_s)
    return _open(url, redact(url), _options(url), (open_timeout_s, read_timeout_s))


def open_visit(url: str, *, open_timeout_s: float, read_timeout_s: float) -> InputContainer:
    """A live stream of which one keyframe is wanted, without `greet` and without looking at more
    of it than that, where this will do. Raises as `open_stream`."""
    timeout = (open_timeout_s, read_timeout_s)
    if urlsplit(url).scheme in _RTSP:
        container = _open(url, redact(url), _options(url) | _NO_ANALYSIS, timeout)
        if container.streams.video:
            return container
        container.close()  # its streams show only on a longer look: MPEG-TS within RTSP
    return _open(url, redact(url), _options(url), timeout)


def greet(url: str, timeout_s: float) -> None:
    """Connects and closes: tells a machine that is gone from one that is slow to wake a stream.
    FFmpeg would wait for both alike. Raises SourceError."""
    _greet(urlsplit(url), redact(url), min(_GREETING_S, timeout_s))


def open_file(path: str, label: str) -> InputContainer:
    """The opened video file. Raises SourceError."""
    return _open(path, label, {}, None)


def is_playlist(url: str) -> bool:
    """True for HLS, whose packets come in bursts, one a segment."""
    return urlsplit(url).path.lower().endswith((".m3u8", ".m3u"))


def words(error: Exception) -> str:
    """The system's words for it; the whole text would repeat the address with its password."""
    return str(getattr(error, "strerror", None) or type(error).__name__)


def _options(url: str) -> dict[str, str]:
    options, scheme = dict(_ANALYSIS), urlsplit(url).scheme
    if scheme in _RTSP:
        options["rtsp_transport"] = "tcp"
    elif scheme in ("http", "https"):
        options["protocol_whitelist"] = "http,https,tcp,tls,crypto,httpproxy"
        if is_playlist(url):
            options["live_start_index"] = "-1"  # three segments back would be old already
    return options


def _open(
    url: str, label: str, options: dict[str, str], timeout: tuple[float, float] | None
) -> InputContainer:
    if timeout is not None and urlsplit(url).scheme == "rtsp":
        # PyAV's own clock takes the interpreter's lock at every packet of the network: with dozens
        # of streams open, handing that lock around takes more than all else. FFmpeg's takes none.
        options, timeout = options | {"timeout": str(round(timeout[1] * 1e6))}, None
    try:
        return av.open(url, "r", options=options, timeout=timeout)
    except AUTH_ERRORS as error:
        raise SourceAuthError(f"{label}: wrong user name or password") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"{label}: cannot be opened: {words(error)}") from error


def _greet(parts: SplitResult, label: str, timeout_s: float) -> None:
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
