"""Runs `xunjie flight` in the test's own process."""

from typer.testing import CliRunner

from api.flight_commands import flight_app


def run_flight(*arguments: str):
    return CliRunner().invoke(flight_app, list(arguments), env={"COLUMNS": "200"})
