"""`xunjie cameras gateway`: the cameras of a GB/T 28181 gateway, compared and taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Annotated

import typer

from api.camera_commands import JsonOption, city_of, console, write_diff, write_rows
from api.camera_list import TASKS, read_rows, table_path
from api.run_commands import DEFAULT_CONFIG, ConfigOption, fail
from detector.sources.camera_table import CameraRow, TableDiff
from detector.sources.gateway_cameras import gateway_diff
from detector.sources.gateway_client import GatewayClient, Listing
from detector.types import XunjieError

app = typer.Typer()


@app.command("gateway")
def take_gateway(
    url: Annotated[
        str,
        typer.Argument(
            help="http://USER:PASSWORD@HOST:PORT, as it will stand in the table",
            envvar="XUNJIE_GATEWAY_URL",
        ),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    interval: Annotated[float, typer.Option(help="Seconds between looks at new cameras")] = 10,
    task: Annotated[
        list[str] | None, typer.Option(help="Of new cameras: vendor, cover; both if not given")
    ] = None,
    take: Annotated[bool, typer.Option("--take", help="Write what is new and changed")] = False,
    drop_gone: Annotated[
        bool, typer.Option(help="With --take: drop those that the gateway lists no more")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Lists a gateway's cameras and says what taking them would add and change.

    What the city has added to a camera (department, grid, interval, tasks) stays. Cameras of a
    device that cannot be listed now are not taken as gone. A running service reads the table at
    its next start. XUNJIE_GATEWAY_KEY may hold an API key for listing.
    """
    if unknown := sorted(set(task or ()) - TASKS):
        raise typer.BadParameter(f"--task: {', '.join(unknown)}: not one of vendor, cover")
    city = city_of(config)
    path = table_path(city.data_folder)
    try:
        before = {row.id: row for row in read_rows(path)}
        listing = _listing(url)
    except XunjieError as error:
        raise fail(error) from error
    diff = gateway_diff(before.values(), listing, url, interval_s=interval, tasks=task or ())
    taken = {camera.id for camera in city.cameras} - {row.id for row in diff.removed}
    clashes = [row.id for row in diff.added if row.id in taken]
    faults = [f"{device}: not listed: {why}" for device, why in listing.unlisted.items()]
    faults += [f"{each} is another camera of the configuration or its table" for each in clashes]
    write_diff(diff, faults, as_json=as_json)
    if take:
        write_rows(path, _after(before, diff, clashes, drop_gone=drop_gone).values())
        console.print(f"{path.name}: {len(diff.added) - len(clashes)} cameras added")
    raise typer.Exit(1 if faults else 0)


def _listing(url: str) -> Listing:
    client = GatewayClient(url, api_key=os.environ.get("XUNJIE_GATEWAY_KEY", ""))
    try:
        return client.listing()
    finally:
        client.close()


def _after(
    before: dict[str, CameraRow], diff: TableDiff, clashes: Iterable[str], *, drop_gone: bool
) -> dict[str, CameraRow]:
    gone = {row.id for row in diff.removed} if drop_gone else set()
    fresh = [*diff.added, *(change.after for change in diff.changed)]
    kept = {each: row for each, row in before.items() if each not in gone}
    return kept | {row.id: row for row in fresh if row.id not in set(clashes)}
