"""No camera's address leads into the service's own machine or network."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from api.auth.source_networks import SourceNetworks, SourceRefusedError, check_source_url


def check(url: str, *allowed: str, names: tuple[str, ...] = (), own: str = "") -> None:
    config = SourceNetworks(allowed_networks=allowed)
    if names:
        check_source_url(url, config, resolve=lambda host: names, is_own=lambda a: False)
        return
    mine = ipaddress.ip_address(own) if own else None
    check_source_url(url, config, is_own=lambda address: address == mine)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://127.0.0.1/1",
        "http://127.9.9.9/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://100.100.100.200/",
        "http://224.0.0.1/",
        "http:///nowhere",
        "http://10.0.0.5\\@127.0.0.1/",
        "http://a@10.0.0.5@127.0.0.1/",
        "http://10.0.0.5/ x",
        "http://10.0.0.5:port/",
    ],
)
def test_what_is_no_camera_is_refused(url: str):
    with pytest.raises(SourceRefusedError):
        check(url)


@pytest.mark.parametrize("url", ["rtsp://u:p@10.1.2.3:554/1", "http://192.168.1.9/snap.jpg"])
def test_a_camera_of_the_citys_network_is_taken(url: str):
    check(url)


def test_every_address_of_a_name_must_be_allowed():
    check("rtsp://camera.example/1", names=("10.0.0.5", "10.0.0.6"))
    with pytest.raises(SourceRefusedError, match=r"camera\.example \(127\.0\.0\.1\)"):
        check("rtsp://camera.example/1", names=("10.0.0.5", "127.0.0.1"))


def test_a_name_that_nobody_knows_is_refused():
    def unknown(host: str) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(SourceRefusedError, match="no address is known"):
        check_source_url("rtsp://nonesuch.invalid/", SourceNetworks(), resolve=unknown)


def test_the_machines_own_address_is_refused():
    with pytest.raises(SourceRefusedError, match="this machine itself"):
        check("http://10.0.0.8/", own="10.0.0.8")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no route to anywhere")
        own = probe.getsockname()[0]
    with pytest.raises(SourceRefusedError):
        check_source_url(f"http://{own}/", SourceNetworks())


def test_with_a_list_nothing_else_is_allowed():
    check("rtsp://127.0.0.1/1", "127.0.0.0/8")
    check("rtsp://10.20.3.4/1", "10.20.0.0/16", "10.30.0.0/16")
    with pytest.raises(SourceRefusedError, match="none of the allowed"):
        check("rtsp://10.21.3.4/1", "10.20.0.0/16")


def test_a_list_that_names_no_network_is_refused():
    with pytest.raises(ValueError, match="has host bits set"):
        SourceNetworks(allowed_networks=("10.20.0.1/16",))
