"""Errors that an operator can act on: each names what is at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


class XunjieError(Exception):
    """Base of every expected error; its text is shown to the user as it stands.

    Pages say it in another language by `code` and the `values` that their sentence fills in: those
    of one case are given to the constructor, a class may have one of its own for the others. An
    empty code: only the text tells it. A value may itself be an error, the cause.
    """

    code: str = ""

    def __init__(self, *args: object, code: str = "", **values: object) -> None:
        super().__init__(*args)
        self.code = code or type(self).code
        self.values: Mapping[str, object] = values

    @classmethod
    def like(cls, other: XunjieError) -> Self:
        """Of this kind, and saying what the other one says."""
        return cls(str(other), code=other.code, **other.values)

    def told(self) -> dict[str, Any]:
        """`detail`, `code` and `values`, those that are errors told likewise."""
        values = {
            name: value.told() if isinstance(value, XunjieError) else value
            for name, value in self.values.items()
        }
        return {"detail": str(self), "code": self.code, "values": values}


class ConfigError(XunjieError):
    """A configuration that cannot be used; names the field and says how to mend it."""

    code = "configuration"


class PictureError(XunjieError):
    """A picture that cannot be read or is larger than allowed; names the file or upload."""

    code = "picture"


class ModelError(XunjieError):
    """A released model that is missing, damaged or of an unknown format; names the folder."""

    code = "model"


class SourceError(XunjieError):
    """A source that cannot deliver now; it will be tried again."""


class SourceAuthError(SourceError):
    """The source refused the user name or password; trying again soon would not help."""


class DiskFull(XunjieError):
    """No space is left where evidence or the database is kept; names the folder."""

    code = "disk_full"


class DeliveryUnavailable(XunjieError):
    """The destination could not be asked or did not answer: unknown outcome, try again."""


class DeliveryRefused(XunjieError):
    """The destination answered that it will never take this record as it is."""
