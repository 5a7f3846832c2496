"""`xunjie audit verify` and `xunjie user …`, for whoever has the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.auth.access import Access
from api.auth.audit import command_line
from api.auth.role import Role
from api.config import read_config
from detector.incidents import Database
from detector.types import XunjieError

audit_app = typer.Typer(no_args_is_help=True, help="The audit log")
user_app = typer.Typer(no_args_is_help=True, help="Accounts, for whoever has the machine")
console = Console()
errors = Console(stderr=True)
ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The city's YAML file")]
DEFAULT_CONFIG = Path("xunjie.yaml")


@audit_app.command("verify")
def verify(
    config: ConfigOption = DEFAULT_CONFIG,
    head: Annotated[
        str | None, typer.Option(help="A head noted earlier that must still stand in the log")
    ] = None,
) -> None:
    """Checks the whole chain; exit code 1 where it is broken. Note the head elsewhere."""
    with _access(config) as access:
        report = access.audit.verify(head)
    for fault in report.faults:
        errors.print(fault, style="red", markup=False, soft_wrap=True)
    console.print(f"{report.entries} entries, head {report.head}", soft_wrap=True, highlight=False)
    raise typer.Exit(0 if report.intact else 1)


@audit_app.command("list")
def list_entries(config: ConfigOption = DEFAULT_CONFIG, limit: int = 50) -> None:
    """The newest entries."""
    table = Table("no.", "at (UTC)", "who", "via", "what", "of", "detail")
    with _access(config) as access:
        for e in access.audit.entries(limit=limit):
            at = f"{e.at:%Y-%m-%d %H:%M:%S}"
            table.add_row(str(e.seq), at, e.actor, e.via, e.action, e.subject, e.detail)
    console.print(table)


@user_app.command("add")
def add(name: str, role: Role, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """A new user; prints a one-time password."""
    with _access(config) as access:
        user, password = access.add_user(command_line(), name, role)
    console.print(f"{user.name} ({user.role}): one-time password {password}", highlight=False)


@user_app.command("reset")
def reset(name: str, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """A new one-time password, also for a locked user."""
    with _access(config) as access:
        user, password = access.reset_password(command_line(), name)
    console.print(f"{user.name}: one-time password {password}", highlight=False)


@contextmanager
def _access(path: Path) -> Iterator[Access]:
    try:
        city = read_config(path)
        database = Database(city.database_config)
        database.migrate()
        try:
            yield Access(database, city.access)
        finally:
            database.close()
    except XunjieError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
