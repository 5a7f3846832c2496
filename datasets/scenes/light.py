"""The light of a scene: sky, sun and what the lamps do."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from paint import Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    name: str
    sun_strength: float
    sun_elevation_deg: float
    sun_azimuth_deg: float
    sun_colour: Colour
    sun_size_deg: float
    zenith: Colour
    horizon: Colour
    sky_strength: float

    @property
    def night(self) -> bool:
        """Whether lamps and windows are lit."""
        return self.name in ("dusk", "night")


def make_light(name: str, rng: Random) -> Light:
    """`day`, `overcast`, `dusk` or `night`."""
    azimuth = rng.uniform(0, 360)
    if name == "day":
        low = rng.random() < 0.4
        return Light(
            name=name,
            sun_strength=rng.uniform(2.5, 4.5),
            sun_elevation_deg=rng.uniform(20, 35) if low else rng.uniform(35, 70),
            sun_azimuth_deg=azimuth,
            sun_colour=(1.0, 0.85, 0.66) if low else (1.0, 0.95, 0.88),
            sun_size_deg=0.6,
            zenith=(0.3, 0.42, 0.66),
            horizon=(0.72, 0.77, 0.82),
            sky_strength=rng.uniform(0.7, 1.1),
        )
    if name == "overcast":
        return Light(
            name=name,
            sun_strength=rng.uniform(0.0, 0.5),
            sun_elevation_deg=50,
            sun_azimuth_deg=azimuth,
            sun_colour=(1, 1, 1),
            sun_size_deg=25,
            zenith=(0.62, 0.66, 0.72),
            horizon=(0.8, 0.82, 0.84),
            sky_strength=rng.uniform(0.7, 1.1),
        )
    if name == "dusk":
        return Light(
            name=name,
            sun_strength=0.0,
            sun_elevation_deg=5,
            sun_azimuth_deg=azimuth,
            sun_colour=(1, 0.6, 0.4),
            sun_size_deg=10,
            zenith=(0.1, 0.16, 0.32),
            horizon=(0.5, 0.3, 0.25),
            sky_strength=rng.uniform(0.12, 0.3),
        )
    return Light(
        name="night",
        sun_strength=0.0,
        sun_elevation_deg=5,
        sun_azimuth_deg=azimuth,
        sun_colour=(1, 1, 1),
        sun_size_deg=10,
        zenith=(0.02, 0.025, 0.05),
        horizon=(0.12, 0.08, 0.05),
        sky_strength=0.12,
    )
