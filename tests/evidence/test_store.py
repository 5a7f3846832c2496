"""What both stores must do, and what only a disk can do."""

from __future__ import annotations

import errno
import os
import threading
import time

import pytest

from detector.evidence import (
    FileStore,
    FileStoreConfig,
    MemoryStore,
    RemoteStore,
    StoreUnavailableError,
)
from detector.types import ConfigError, DiskFull, EvidenceStore

KEY = "2026/11/24/abc/0001-threshold-shown.jpg"


def _files_under(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def file_store(tmp_path):
    return FileStore(FileStoreConfig(folder=tmp_path / "evidence", min_free_bytes=0))


@pytest.fixture
def remote_store(tmp_path):
    pytest.importorskip("fsspec", reason="fsspec is not installed (extra: s3)")
    store = RemoteStore(f"memory://{tmp_path.name}/evidence")
    yield store
    for key in list(store.keys()):
        store.delete(key)


@pytest.fixture(params=["file", "memory", "remote"])
def store(request) -> EvidenceStore:
    if request.param == "memory":
        return MemoryStore()
    return request.getfixturevalue(f"{request.param}_store")


def test_what_was_put_is_got(store):
    store.put(KEY, b"picture")
    assert store.get(KEY) == b"picture"
    assert store.free_bytes() > 0


def test_the_same_bytes_again_change_nothing(store):
    store.put(KEY, b"picture")
    store.put(KEY, b"picture")
    assert list(store.keys()) == [KEY]


def test_evidence_is_never_overwritten(store):
    store.put(KEY, b"picture")
    with pytest.raises(ValueError, match="other bytes"):
        store.put(KEY, b"another")
    assert store.get(KEY) == b"picture"


def test_an_unknown_key_is_a_key_error(store):
    with pytest.raises(KeyError):
        store.get(KEY)
    assert store.delete(KEY) is False


def test_a_deleted_key_is_unknown(store):
    store.put(KEY, b"picture")
    assert store.delete(KEY) is True
    assert store.delete(KEY) is False
    with pytest.raises(KeyError):
        store.get(KEY)


def test_keys_by_prefix(store):
    keys = ["2026/11/24/a/1.jpg", "2026/11/24/b/1.jpg", "2026/12/01/a/1.jpg"]
    for key in keys:
        store.put(key, b"x")
    assert list(store.keys()) == keys
    assert list(store.keys("2026/11/")) == keys[:2]
    assert list(store.keys("2026/1")) == keys
    assert list(store.keys("2026/11/24/b/1")) == [keys[1]]
    assert list(store.keys("2027")) == []


@pytest.mark.parametrize(
    "key",
    [
        *("", "/etc/passwd", "../up", "a/../b", "a//b", "a/.hidden", ".", "a/", "a\\b", "a\0b"),
        *("街", "a\n", "a" * 121, "/".join(["abcdefg"] * 40)),
    ],
)
def test_unsafe_keys_are_refused(store, key):
    for call in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
        with pytest.raises(ValueError, match="relative path"):
            call()


def test_scripted_failure():
    store = MemoryStore(put_failures=[None, DiskFull("full"), None])
    store.put("a", b"1")
    with pytest.raises(DiskFull):
        store.put("b", b"2")
    store.put("b", b"2")
    assert list(store.keys()) == ["a", "b"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["fsync", "mkdir", "rename"])
def test_a_full_disk_names_the_folder_and_leaves_nothing(
    file_store, tmp_path, monkeypatch, code, step
):
    def full(*_, **__):
        raise OSError(code, os.strerror(code))

    owner = "os.fsync" if step == "fsync" else f"pathlib.Path.{step}"
    with monkeypatch.context() as patched:
        patched.setattr(owner, full)
        with pytest.raises(DiskFull, match="evidence"):
            file_store.put(KEY, b"picture")
    assert _files_under(tmp_path) == []
    file_store.put(KEY, b"picture")
    assert file_store.get(KEY) == b"picture"


def test_other_disk_errors_stay_themselves(file_store, tmp_path, monkeypatch):
    def broken(_):
        raise OSError(errno.EIO, "I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", broken)
        with pytest.raises(OSError, match="I/O error"):
            file_store.put(KEY, b"picture")
    assert _files_under(tmp_path) == []


def test_space_is_left_for_the_database(tmp_path):
    store = FileStore(FileStoreConfig(folder=tmp_path, min_free_bytes=2**62))
    with pytest.raises(DiskFull, match="database"):
        store.put(KEY, b"picture")
    assert _files_under(tmp_path) == []


def test_a_key_that_is_a_folder_is_refused(file_store):
    file_store.put("a/b", b"x")
    with pytest.raises(ValueError, match="folder"):
        file_store.put("a", b"x")
    with pytest.raises(ValueError, match="folder"):
        file_store.put("a/b/c", b"x")
    with pytest.raises(KeyError):
        file_store.get("a")
    with pytest.raises(KeyError):
        file_store.get("a/b/c")
    assert file_store.delete("a") is False


def test_empty_folders_go_with_their_last_file(file_store, tmp_path):
    file_store.put("2026/11/a/1", b"x")
    file_store.put("2026/12/a/1", b"x")
    file_store.delete("2026/11/a/1")
    assert not (tmp_path / "evidence/2026/11").exists()
    assert file_store.get("2026/12/a/1") == b"x"


def test_what_a_killed_process_left_is_removed(file_store, tmp_path):
    incoming = tmp_path / "evidence/.incoming"
    (incoming / "old").write_bytes(b"half")
    (incoming / "young").write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(incoming / "old", (two_hours_ago, two_hours_ago))
    again = FileStore(FileStoreConfig(folder=tmp_path / "evidence", min_free_bytes=0))
    assert [path.name for path in incoming.iterdir()] == ["young"]
    assert list(again.keys()) == []


def test_of_two_writers_of_one_key_one_wins(file_store):
    lost = []

    def write(data):
        try:
            file_store.put(KEY, data)
        except ValueError:
            lost.append(data)

    offered = {bytes([i]) * 50_000 for i in range(8)}
    threads = [threading.Thread(target=write, args=(data,)) for data in offered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {file_store.get(KEY)} == offered - set(lost)


def test_a_store_that_does_not_answer_is_named(remote_store, monkeypatch):
    def refuse(*_args, **_kept):
        raise PermissionError("403 Forbidden")

    monkeypatch.setattr(remote_store._files, "cat_file", refuse)
    with pytest.raises(StoreUnavailableError, match=r"evidence\.store: 403"):
        remote_store.put(KEY, b"picture")
    with pytest.raises(StoreUnavailableError, match="403"):
        remote_store.get(KEY)


def test_a_store_of_an_unknown_kind_is_refused():
    pytest.importorskip("fsspec", reason="fsspec is not installed (extra: s3)")
    with pytest.raises(ConfigError, match=r"evidence\.store nothing://x"):
        RemoteStore("nothing://x")
