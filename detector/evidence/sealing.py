"""The sealed original: encrypted at rest, so that a copied disk shows no face."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path
from typing import Final
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict

from detector.types import ConfigError, XunjieError

_MAGIC: Final = b"XJS1"
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = len(_MAGIC) + _KEY_ID_BYTES + _NONCE_BYTES


class SealError(XunjieError):
    """Sealed data that cannot be opened."""

    code = "seal"


class WrongSealKeyError(SealError):
    """Sealed with another key; names both by their public ids."""

    code = "seal_of_another_key"


class SealBrokenError(SealError):
    """Changed, cut, or moved to another name since it was sealed."""

    code = "seal_broken"


class SealingConfig(BaseModel):
    """Where the key lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_path: Path | None = None
    """None: `seal.key` in the data folder. Keep a copy elsewhere: without it originals are lost."""

    def path_in(self, data_folder: Path) -> Path:
        return self.key_path or data_folder / "seal.key"


class Sealer:
    """Seals with AES-256-GCM. Safe between threads.

    Sealed bytes are: magic, key id (8 bytes), nonce (12 bytes), ciphertext with its tag. A nonce
    is random, which is sound for four thousand million files under one key.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"a seal key has {_KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        # A digest of random 32 bytes does not tell the key.
        self._key_id = hashlib.sha256(b"xunjie seal key id" + key).digest()[:_KEY_ID_BYTES]

    @classmethod
    def from_file(cls, path: Path) -> Sealer:
        """With the key in that file, which is made on first use, readable by its owner only.

        Raises ConfigError for a key file that others can read or that holds no key.
        """
        if not path.exists():
            _create_key(path)
        return cls(_read_key(path))

    @property
    def key_id(self) -> str:
        """Names the key without telling it."""
        return self._key_id.hex()

    def seal(self, data: bytes, aad: bytes) -> bytes:
        """Encrypts; `aad` (the file's key in the store) is bound to it without being kept in it."""
        nonce = os.urandom(_NONCE_BYTES)
        header = _MAGIC + self._key_id + nonce
        return header + self._cipher.encrypt(nonce, data, header + aad)

    def unseal(self, sealed: bytes, aad: bytes) -> bytes:
        """Raises WrongSealKeyError, or SealBrokenError for changed bytes or another `aad`."""
        header = sealed[:_HEADER_BYTES]
        if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
            raise SealBrokenError("this is not a sealed file, or its beginning was lost")
        key_id = header[len(_MAGIC) : -_NONCE_BYTES]
        if key_id != self._key_id:
            raise WrongSealKeyError(
                f"sealed with key {key_id.hex()}, but the configured key is {self.key_id}"
            )
        try:
            return self._cipher.decrypt(
                header[-_NONCE_BYTES:], sealed[_HEADER_BYTES:], header + aad
            )
        except InvalidTag:
            raise SealBrokenError("the sealed file was changed, cut or renamed") from None


def _create_key(path: Path) -> None:
    """Of two processes that start at once one makes the key; both then read the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(os.urandom(_KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def _read_key(path: Path) -> bytes:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"seal key {path} can be read by others; run: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (UnicodeDecodeError, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"seal key {path} must hold {_KEY_BYTES * 2} hexadecimal digits")
    return key
