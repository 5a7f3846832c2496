"""Where a camera that is entered on a page or over the API may be looked for."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, field_validator

from api.auth.errors import AccessError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DOUBTFUL: Final = re.compile(r"[\s\\\x00-\x1f\x7f]")  # libraries read such addresses differently
_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")  # where some clouds keep their metadata
NEVER: Final = {
    "address_loopback": "a loopback address",
    "address_link_local": "a link-local address",
    "address_multicast": "a multicast address",
    "address_of_nobody": "no address of a camera",
    "address_shared": "in the shared address space",
}
"""Kinds of addresses that are refused unless their network is allowed: code and words."""


class SourceRefusedError(AccessError):
    """An address that must not be asked for pictures."""

    status = 422


class SourceNetworks(BaseModel):
    """Networks that cameras stand in. The configuration file and the command line are trusted:
    this holds for what comes through pages and the API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_networks: tuple[str, ...] = ()
    """Such as `10.20.0.0/16`; nothing else is allowed then. Empty: everything but loopback,
    link-local, multicast and unspecified addresses and the machine's own ones."""

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            ipaddress.ip_network(name)
        return names

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(name) for name in self.allowed_networks)


def check_source_url(
    url: str,
    config: SourceNetworks,
    *,
    resolve: Callable[[str], Iterable[str]] | None = None,
    is_own: Callable[[Address], bool] | None = None,
) -> None:
    """Raises SourceRefusedError. Every address that a name stands for must be allowed."""
    host = _host(url)
    try:
        names = list((resolve or _resolved)(host))
    except (OSError, UnicodeError) as error:
        raise SourceRefusedError(
            f"{host}: no address is known for this name", code="host_unknown", host=host
        ) from error
    for name in names:
        _check(host, _plain(ipaddress.ip_address(name)), config, is_own or _is_own)


def _host(url: str) -> str:
    if _DOUBTFUL.search(url) or url.count("@") > 1:
        raise SourceRefusedError(
            "write signs such as spaces, \\ and a second @ as %20, %5C, %40", code="url_signs"
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise SourceRefusedError(f"not an address: {error}", code="url_wrong") from error
    if not host:
        raise SourceRefusedError("the address names no host", code="url_without_host")
    return host


def _check(
    host: str, address: Address, config: SourceNetworks, is_own: Callable[[Address], bool]
) -> None:
    named = str(address) if host == str(address) else f"{host} ({address})"
    if config.networks:
        if not any(address in network for network in config.networks):
            raise SourceRefusedError(
                f"{named} is in none of the allowed networks",
                code="address_not_allowed",
                address=named,
            )
        return
    kinds = {
        "address_loopback": address.is_loopback,
        "address_link_local": address.is_link_local,
        "address_multicast": address.is_multicast,
        "address_of_nobody": address.is_unspecified or address.is_reserved,
        "address_shared": address in _SHARED,
    }
    for code, holds in kinds.items():
        if holds:
            what = f"{named} is {NEVER[code]}"
            raise SourceRefusedError(
                f"{what}; name its network in source_networks.allowed_networks",
                code=code,
                address=named,
            )
    if is_own(address):
        raise SourceRefusedError(
            f"{named} is this machine itself", code="address_own", address=named
        )


def _plain(address: Address) -> Address:
    """An IPv4 address that is wrapped in an IPv6 one is judged as what it is."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _resolved(host: str) -> list[str]:
    found: Any = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [entry[4][0].partition("%")[0] for entry in found]


def _is_own(address: Address) -> bool:
    """A packet to one of the machine's own addresses would leave from that address. None is sent:
    a datagram socket only chooses its route when it connects."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))
        except OSError:
            return False
        return ipaddress.ip_address(probe.getsockname()[0].partition("%")[0]) == address
