"""Errors that an operator can act on: each names what is at fault."""


class XunjieError(Exception):
    """Base of every expected error; its text is shown to the user as it stands."""


class ConfigError(XunjieError):
    """A configuration that cannot be used; names the field and says how to mend it."""


class PictureError(XunjieError):
    """A picture that cannot be read or is larger than allowed; names the file or upload."""


class ModelError(XunjieError):
    """A released model that is missing, damaged or of an unknown format; names the folder."""


class SourceError(XunjieError):
    """A source that cannot deliver now; it will be tried again."""


class SourceAuthError(SourceError):
    """The source refused the user name or password; trying again soon would not help."""


class DiskFull(XunjieError):
    """No space is left where evidence or the database is kept; names the folder."""


class DeliveryUnavailable(XunjieError):
    """The destination could not be asked or did not answer: unknown outcome, try again."""


class DeliveryRefused(XunjieError):
    """The destination answered that it will never take this record as it is."""
