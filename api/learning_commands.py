"""`xunjie dataset reviewed`: what operators and the city's queue have answered, to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.auth import Access
from api.auth.audit import command_line
from api.config import CityConfig, read_config
from api.service import Records, open_records
from detector.incidents import EvidenceRow
from training import commands as training_commands
from training.libraries import guarded
from training.reviewed import Reviewed, ReviewedConfig, write_reviewed
from training.reviewed_split import ReviewedSplit

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The city's YAML file")]


def mount(target: typer.Typer) -> None:
    """Offers the training commands, and those that need the service's records."""
    training_commands.dataset_app.command("reviewed")(reviewed)
    training_commands.mount(target)


@guarded
def reviewed(
    out: Annotated[Path, typer.Argument(help="Folder of the set; an earlier one is replaced")],
    config: ConfigOption = Path("xunjie.yaml"),
    name: Annotated[str, typer.Option(help="Name of the set")] = "reviewed",
    since: Annotated[
        datetime | None, typer.Option(help="Only incidents opened from then on (UTC)")
    ] = None,
    frozen_every: Annotated[
        int, typer.Option(help="One camera's day in this many is for measuring only; 0: none")
    ] = 5,
    newest_days: Annotated[
        int, typer.Option(help="The last days are measured, not learned from")
    ] = 1,
    originals: Annotated[
        str | None,
        typer.Option(help="Open the sealed originals; the reason given here goes to the audit log"),
    ] = None,
) -> None:
    """Makes a set of pictures from verdicts and outcomes. Add it with `dataset build --set`."""
    from datetime import UTC

    city = read_config(config)
    settings = ReviewedConfig(
        name=name,
        variant="clean" if originals is None else "sealed",
        since=since.replace(tzinfo=UTC) if since else None,
        split=ReviewedSplit(frozen_every=frozen_every, newest_days=newest_days),
    )
    with _records(city) as records:
        reader = _Reader(records, Access(records.database, city.access), originals)
        made = write_reviewed(out, records.database, reader.read, settings)
    _tell(made)


class _Reader:
    """Clean pictures as they are; each opened original is in the audit log first."""

    def __init__(self, records: Records, access: Access, reason: str | None) -> None:
        if reason is not None and len(reason.strip()) < 10:
            raise ValueError("--originals: write why, in at least ten characters")
        self._records = records
        self._access = access
        self._reason = reason

    def read(self, row: EvidenceRow) -> bytes:
        if row.variant != "sealed":
            return self._records.store.get(row.key)
        detail = {"incident": str(row.incident_id), "reason": self._reason, "for": "training"}
        self._access.audit.add(command_line(), "original_opened", row.key, detail)
        return self._records.packer.open_sealed(row.key)


@contextmanager
def _records(city: CityConfig) -> Iterator[Records]:
    records = open_records(city)
    try:
        yield records
    finally:
        records.database.close()


def _tell(made: Reviewed) -> None:
    sides = ", ".join(f"{name} {count}" for name, count in sorted(made.sides.items()))
    typer.echo(f"{len(made.written.pictures)} pictures ({sides or 'none'})")
    for name, count in sorted(made.judged.items()):
        typer.echo(f"  {name}: {count}")
    for why, count in sorted(made.left_out.items()):
        typer.echo(f"  left out, {why}: {count}")
