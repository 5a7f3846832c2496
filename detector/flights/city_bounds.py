"""The city's bounds: they show which of two numbers is the longitude."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class CityBounds(BaseModel):
    """WGS-84 degrees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    west_deg: float = Field(ge=-180, le=180)
    south_deg: float = Field(ge=-90, le=90)
    east_deg: float = Field(ge=-180, le=180)
    north_deg: float = Field(ge=-90, le=90)

    @model_validator(mode="after")
    def _in_order(self) -> CityBounds:
        if self.west_deg >= self.east_deg or self.south_deg >= self.north_deg:
            raise ValueError("bounds are west, south, east, north, in degrees, in that order")
        return self

    def hold(self, lon_deg: float, lat_deg: float) -> bool:
        return (
            self.west_deg <= lon_deg <= self.east_deg
            and self.south_deg <= lat_deg <= self.north_deg
        )


def checked(lon_deg: float, lat_deg: float, bounds: CityBounds | None) -> tuple[float, float, str]:
    """Longitude, latitude and a remark: swapped numbers are put right, foreign ones are named."""
    if bounds is None or bounds.hold(lon_deg, lat_deg):
        return lon_deg, lat_deg, ""
    if bounds.hold(lat_deg, lon_deg):
        return lat_deg, lon_deg, "latitude and longitude were swapped; put right by the bounds"
    return lon_deg, lat_deg, "outside the city's bounds"


def ordered(
    first: float, second: float, bounds: CityBounds | None, longitude_first: bool
) -> tuple[float, float, str] | None:
    """Longitude, latitude and a remark of two numbers whose order the form does not tell.

    None where no order makes sense.
    """
    orders = [(first, second), (second, first)]
    if not longitude_first:
        orders.reverse()
    possible = [p for p in orders if abs(p[0]) <= 180 and abs(p[1]) <= 90]
    if not possible:
        return None
    if bounds is not None:
        inside = [p for p in possible if bounds.hold(*p)]
        if inside:
            return (*inside[0], "" if len(inside) == 1 else "both orders lie in the bounds")
        return (*possible[0], "outside the city's bounds")
    if len(possible) == 2:
        which = "longitude" if longitude_first else "latitude"
        return (*possible[0], f"order not certain without the city's bounds: {which} taken first")
    return (*possible[0], "")
