"""Passwords: argon2id, a few at a time."""

from __future__ import annotations

import secrets
import threading
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LONGEST: Final = 256
# Each hash takes 64 MiB and a core: a flood of sign-ins must not take the machine.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
_hasher: Final = PasswordHasher()


@cache
def _nobody() -> str:
    """A password that nobody has, hashed; made when it is first needed, not at each start."""
    return _hasher.hash(secrets.token_urlsafe(16))


def new_password() -> str:
    """For one use: about 100 bits, without letters that look alike."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def hash_password(password: str) -> str:
    with _AT_ONCE:
        return _hasher.hash(password)


def password_fits(password_hash: str, password: str) -> bool:
    """Takes as long where there is no hash, so that names cannot be found by time."""
    if len(password) > _LONGEST:
        return False
    with _AT_ONCE:
        nobody = _nobody()  # also where there is a hash: the first sign-in takes longer for all
        try:
            return _hasher.verify(password_hash or nobody, password) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False
