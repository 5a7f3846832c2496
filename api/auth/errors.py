"""Why a request is turned away."""

from __future__ import annotations

from detector.types import XunjieError


class AccessError(XunjieError):
    """Base; `status` is the HTTP answer."""

    status = 403


class NotSignedInError(AccessError):
    """No session, no key, or one that is not valid any more."""

    status = 401


class ForbiddenError(AccessError):
    """Signed in, but this role or key may not do that."""


class WrongPasswordError(AccessError):
    """Name or password is wrong; which of them is not told."""

    status = 401


class LockedError(AccessError):
    """Too many failures; says when to try again."""

    status = 429

    def __init__(self, message: str, retry_after_s: float, *, code: str) -> None:
        super().__init__(message, code=code, wait_s=max(1, round(retry_after_s)))
        self.retry_after_s = retry_after_s


class InvalidAccountError(AccessError):
    """A name, role, password, scope or expiry that cannot be used."""

    status = 422
