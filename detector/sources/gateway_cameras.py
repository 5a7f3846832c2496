"""A gateway's cameras as rows of the camera table, and what has changed among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from detector.sources.camera_table import CameraRow, TableDiff, compare
from detector.sources.gateway_client import Channel, Listing

_SCHEME: Final = "gateway+"
_DIVISION_DIGITS: Final = 6
_CREDENTIALS: Final = re.compile(r"://[^/@]*@")


def rows_of(
    listing: Listing, gateway_url: str, *, interval_s: float, tasks: Iterable[str] = ()
) -> tuple[CameraRow, ...]:
    """A row a camera. A channel that two devices carry gets its device's id before its own."""
    base, chosen = _SCHEME + gateway_url.rstrip("/"), tuple(tasks)
    seen: dict[str, int] = {}
    for channel in listing.channels:
        seen[channel.channel_id] = seen.get(channel.channel_id, 0) + 1
    return tuple(
        CameraRow(
            id=_camera_id(channel, seen[channel.channel_id] > 1),
            name=channel.name,
            url=f"{base}/{channel.device_id}/{channel.channel_id}",
            position=channel.position,
            department="",
            county=channel.division[:_DIVISION_DIGITS],
            grid="",
            interval_s=interval_s,
            tasks=chosen,
        )
        for channel in listing.channels
    )


def gateway_diff(
    known: Iterable[CameraRow],
    listing: Listing,
    gateway_url: str,
    *,
    interval_s: float,
    tasks: Iterable[str] = (),
) -> TableDiff:
    """What the gateway's present listing changes among the known cameras of that gateway, whatever
    the user name and password in their urls.

    What the city has added to a camera (department, grid, interval, tasks) is kept. Cameras of
    devices that could not be listed are not taken as gone.
    """
    base = _bare(_SCHEME + gateway_url.rstrip("/") + "/")
    old = {row.id: row for row in known if _bare(row.url).startswith(base)}
    after = [
        _kept(old[row.id], row) if row.id in old else row
        for row in rows_of(listing, gateway_url, interval_s=interval_s, tasks=tasks)
    ]
    untold = tuple(f"{base}{device_id}/" for device_id in listing.unlisted)
    told = [row for row in old.values() if not _bare(row.url).startswith(untold)]
    return compare(told, after)


def _bare(url: str) -> str:
    return _CREDENTIALS.sub("://", url)


def _kept(old: CameraRow, new: CameraRow) -> CameraRow:
    return CameraRow(
        id=old.id,
        name=new.name,
        url=new.url,
        position=old.position if _same_place(old, new) else new.position,
        department=old.department,
        county=old.county or new.county,
        grid=old.grid,
        interval_s=old.interval_s,
        tasks=old.tasks,
    )


def _same_place(old: CameraRow, new: CameraRow) -> bool:
    """A table holds no error radius; and a gateway that has lost a place does not move a camera."""
    before, now = old.position, new.position
    if before is None or now is None:
        return now is None
    return (before.x, before.y, before.crs) == (now.x, now.y, now.crs)


def _camera_id(channel: Channel, twice: bool) -> str:
    return f"{channel.device_id}-{channel.channel_id}" if twice else channel.channel_id
