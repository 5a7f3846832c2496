"""Errors of flights; each names the file and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from detector.types import XunjieError


class TelemetryError(XunjieError):
    """Telemetry that cannot be used at all; names the file, the line and the reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path.name}: line {line}: {reason}")
        self.line = line
        self.reason = reason


class FlightError(XunjieError):
    """A flight's folder or record that cannot be used; names it."""

    code = "flight"


class RegistrationRefused(XunjieError):
    """A picture that could not be laid onto the baseline; says why."""


class LedgerError(XunjieError):
    """A ledger file that cannot be read; names the file, the row and the field."""

    code = "flight_ledger"
