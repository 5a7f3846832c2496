"""What this machine says of itself to the others."""

from __future__ import annotations

import ipaddress
import os
import re
import socket

from api.config import CityConfig
from detector.cluster import NodeProfile
from detector.types import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def node_profile(name: str, config: CityConfig, seal_key_id: str) -> NodeProfile:
    """Raises ConfigError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"node name {name!r}: use up to 63 letters, digits, dots and dashes")
    return NodeProfile(
        name=name,
        host=socket.gethostname()[:200],
        address=config.cluster.address or _address(config),
        capacity=config.cluster.capacity or float(len(os.sched_getaffinity(0))),
        seal_key_id=seal_key_id,
    )


def _address(config: CityConfig) -> str:
    """Empty where others cannot come in by it."""
    host, port = config.http.host, config.http.port
    if port == 0 or host == "localhost":
        return ""
    try:
        bound = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if bound.is_loopback:
        return ""
    name = socket.gethostname() if bound.is_unspecified else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
