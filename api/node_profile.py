"""What this machine says of itself to the others."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from api.config import CityConfig
from detector.cluster import Node, NodeProfile
from detector.inference import usable_cores
from detector.types import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def node_profile(
    name: str, config: CityConfig, seal_key_id: str, *, watching: bool = True
) -> NodeProfile:
    """Raises ConfigError for a name that is none. A node that does not watch has no capacity."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"node name {name!r}: use up to 63 letters, digits, dots and dashes")
    cores = float(usable_cores())
    return NodeProfile(
        name=name,
        host=socket.gethostname()[:200],
        address=config.cluster.address or "",
        capacity=(config.cluster.capacity or cores) if watching else 0.0,
        seal_key_id=seal_key_id,
    )


def address_for_others(url: str) -> str:
    """Of pages that answer at `url` here: a machine's name in the place of "any address"."""
    parts = urlsplit(url)
    try:
        anywhere = ipaddress.ip_address(parts.hostname or "").is_unspecified
    except ValueError:
        anywhere = False
    return f"http://{socket.gethostname()}:{parts.port}" if anywhere else url.rstrip("/")


def reachable(node: Node) -> str:
    """Its address as seen from this machine; empty where only its own can reach it."""
    host = urlsplit(node.address).hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    return "" if local and node.host != socket.gethostname()[:200] else node.address.rstrip("/")
