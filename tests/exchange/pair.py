"""A county's instance and the city's: two services, two databases, HTTP on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.auth import Permission
from api.auth.audit import command_line
from tests.auth.site import Site
from tests.incidents.brokers import free_port

COUNTY, CITY = "ganyu", "lyg"
COUNTY_DIVISION, OTHER_DIVISION = "320707", "320706"
CAR_IN_COUNTY = (119.125, 34.835)
CAR_IN_OTHER = (119.225, 34.605)
_PATIENCE_S = 30


def _cell(code: str, lon: float, lat: float) -> dict[str, Any]:
    west, east, south, north = lon - 0.02, lon + 0.02, lat - 0.02, lat + 0.02
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


class Pair:
    """Each is the other's destination and peer; keys are made as an administrator would."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.grid = folder / "grid.geojson"
        cells = [
            _cell(f"{COUNTY_DIVISION}001001001", *CAR_IN_COUNTY),
            _cell(f"{OTHER_DIVISION}001001001", *CAR_IN_OTHER),
        ]
        self.grid.write_text(json.dumps({"type": "FeatureCollection", "features": cells}))
        self.ports = {COUNTY: free_port(), CITY: free_port()}
        self.sites: dict[str, Site] = {}
        self._monkeypatch = monkeypatch
        # Secrets are read when a service starts, and keys are made by a service that runs.
        for name in (COUNTY, CITY):
            monkeypatch.setenv(f"KEY_{name.upper()}", "not made yet")
        self.start(COUNTY)
        self.start(CITY)
        self._exchange_keys()

    @property
    def county(self) -> Site:
        return self.sites[COUNTY]

    @property
    def city(self) -> Site:
        return self.sites[CITY]

    def start(self, name: str) -> None:
        other = CITY if name == COUNTY else COUNTY
        peer: dict[str, Any] = {"name": other}
        destination: dict[str, Any] = {
            "name": other,
            "instance": other,
            "sink": self.sink(other),
            "backoff": {"first_s": 0.05, "longest_s": 0.3},
            "poll_s": 0.05,
            "outcomes_every_s": 0.2,
        }
        if name == CITY:
            peer["divisions"] = [COUNTY_DIVISION]
            destination["divisions"] = [COUNTY_DIVISION]
        self.sites[name] = Site(
            self.folder / name,
            http={"port": self.ports[name]},
            grids=[{"file": str(self.grid)}],
            cases={"number_prefix": "GY" if name == COUNTY else "LYG"},
            exchange={"instance": name, "peers": [peer]},
            destinations=[destination],
        )

    def sink(self, other: str) -> dict[str, Any]:
        base = f"http://127.0.0.1:{self.ports[other]}/api/exchange"
        return {
            "kind": "http",
            "url": f"{base}/cases",
            "pictures_url": f"{base}/pictures",
            "outcomes_url": f"{base}/outcomes",
            "api_key_env": f"KEY_{other.upper()}",
            "connect_timeout_s": 2,
        }

    def restart(self, name: str) -> None:
        self.sites[name].close()
        self.start(name)

    def close(self) -> None:
        for site in self.sites.values():
            site.close()

    def _exchange_keys(self) -> None:
        for name, site in self.sites.items():
            other = CITY if name == COUNTY else COUNTY
            who, scopes = command_line(), [Permission.EXCHANGE]
            _, secret = site.access.add_key(who, other, scopes, None)
            self._monkeypatch.setenv(f"KEY_{name.upper()}", secret)
        for name in (COUNTY, CITY):
            self.restart(name)


def hole(site: Site, where: tuple[float, float], picture: bytes, car: str = "car") -> None:
    """A patrol car sees a missing cover: two pictures of one place."""
    from detector.types import Pose

    source = site.service.engine.camera(car).source
    pose = Pose(lat_deg=where[1], lon_deg=where[0], error_radius_m=3)
    source.submit(picture, site.city.at, pose, "test")
    site.city.at += timedelta(seconds=10)


def cases(site: Site) -> list[Any]:
    return list(site.service.records.queries.cases().items)


def wait_for(condition: Callable[[], Any]) -> Any:
    ends = time.monotonic() + _PATIENCE_S
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
