from __future__ import annotations

import os
import stat
import threading

import pytest

from detector.evidence import (
    SealBrokenError,
    Sealer,
    SealingConfig,
    WrongSealKeyError,
)
from detector.types import ConfigError, XunjieError


def test_what_was_sealed_is_unsealed(sealer):
    sealed = sealer.seal(b"a face", b"key")
    assert b"a face" not in sealed
    assert sealer.unseal(sealed, b"key") == b"a face"


def test_sealing_twice_gives_other_bytes(sealer):
    assert sealer.seal(b"a face", b"") != sealer.seal(b"a face", b"")


def test_another_key_is_named(sealer):
    other = Sealer(bytes(32))
    with pytest.raises(WrongSealKeyError, match=f"{sealer.key_id}.*{other.key_id}"):
        other.unseal(sealer.seal(b"a face", b""), b"")
    assert issubclass(WrongSealKeyError, XunjieError)


@pytest.mark.parametrize("position", [14, 30, -1])
def test_a_changed_byte_is_noticed(sealer, position):
    sealed = bytearray(sealer.seal(b"a face", b""))
    sealed[position] ^= 1
    with pytest.raises(SealBrokenError):
        sealer.unseal(bytes(sealed), b"")


def test_a_renamed_or_cut_or_foreign_file_is_noticed(sealer):
    sealed = sealer.seal(b"a face", b"incident-1")
    for data, aad in (
        (sealed, b"incident-2"),
        (sealed[:-1], b"incident-1"),
        (sealed[:30], b"incident-1"),
        (sealed[:10], b"incident-1"),
        (b"\xff\xd8 a JPEG that was never sealed", b"incident-1"),
    ):
        with pytest.raises(SealBrokenError):
            sealer.unseal(data, aad)


def test_the_key_is_made_once_for_its_owner_only(tmp_path):
    path = SealingConfig().path_in(tmp_path / "data")
    first = Sealer.from_file(path)
    assert path == tmp_path / "data/seal.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Sealer.from_file(path).key_id == first.key_id
    assert os.listdir(path.parent) == ["seal.key"]


def test_a_configured_path_wins(tmp_path):
    path = tmp_path / "elsewhere.key"
    assert SealingConfig(key_path=path).path_in(tmp_path / "data") == path


def test_starts_at_once_share_one_key(tmp_path):
    ids = []
    threads = [
        threading.Thread(target=lambda: ids.append(Sealer.from_file(tmp_path / "k").key_id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "k"
    Sealer.from_file(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Sealer.from_file(path)


@pytest.mark.parametrize("content", [b"", b"abcd", b"no hex at all", b"\xff\xfe", b"00" * 33])
def test_a_damaged_key_is_refused(tmp_path, content):
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="64 hexadecimal"):
        Sealer.from_file(path)


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"short")
