"""Transactions, migrations, a full disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from detector.incidents import (
    Database,
    DatabaseConfig,
    is_processed,
    load_presence,
    mark_processed,
    save_presence,
)
from detector.incidents.disk import disk_full
from detector.incidents.schema import case_events, metadata, processed
from detector.incidents.utc import utc_now
from detector.types import ConfigError, DiskFull


def test_migrations_make_the_schema_and_take_it_away(database):
    with database.reading() as transaction:
        context = MigrationContext.configure(transaction)
        assert compare_metadata(context, metadata) == []
    database.downgrade("base")
    with database.reading() as transaction:
        assert inspect(transaction).get_table_names() == ["alembic_version"]
    database.migrate()
    database.migrate()
    with database.reading() as transaction:
        assert "incidents" in inspect(transaction).get_table_names()


def test_two_processes_may_migrate_at_once(tmp_path):
    config = DatabaseConfig(url=f"sqlite:///{tmp_path / 'new.db'}")
    databases = [Database(config) for _ in range(4)]
    threads = [threading.Thread(target=d.migrate) for d in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].reading() as transaction:
        assert transaction.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    for database in databases:
        database.close()


def test_sqlite_is_durable_and_strict(sqlite_database):
    with sqlite_database.reading() as transaction:
        pragmas = {
            name: transaction.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_an_exception_undoes_the_transaction(database):
    with contextlib.suppress(ZeroDivisionError), database.transaction() as transaction:
        mark_processed(transaction, "a", "folder", utc_now())
        raise ZeroDivisionError
    with database.reading() as transaction:
        assert not is_processed(transaction, "a")


def test_foreign_keys_hold(database):
    row = {"case_id": "0" * 32, "at": utc_now(), "kind": "x", "actor": "x", "note": ""}
    from uuid import uuid4

    with pytest.raises(IntegrityError), database.transaction() as transaction:
        transaction.execute(insert(case_events).values(**{**row, "case_id": uuid4()}))


def test_a_naive_time_is_refused(database):
    with pytest.raises(Exception, match="aware"), database.transaction() as transaction:
        mark_processed(transaction, "a", "folder", datetime(2026, 1, 1))


def test_transactions_do_not_nest(sqlite_database):
    with (
        sqlite_database.transaction(),
        pytest.raises(RuntimeError, match="nest"),
        sqlite_database.transaction(),
    ):
        pass
    with sqlite_database.transaction():
        pass


def test_writers_queue_and_readers_do_not_wait(database):
    def write(number):
        for each in range(10):
            with database.transaction() as transaction:
                mark_processed(transaction, f"{number}-{each}", "folder", utc_now())

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    with database.reading() as transaction:
        for thread in threads:
            thread.start()
        transaction.execute(select(processed)).all()
        for thread in threads:
            thread.join()
    with database.reading() as transaction:
        assert len(transaction.execute(select(processed)).all()) == 60


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://localhost/x", "mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_unusable_url_is_named(url, message):
    with pytest.raises(ConfigError, match=message):
        Database(DatabaseConfig(url=url))


def test_the_name_hides_the_password():
    database = Database(DatabaseConfig(url="postgresql+psycopg://xunjie:geheim@db/xunjie"))
    assert "geheim" not in database.name
    database.close()


def full(statement="INSERT"):
    return OperationalError(statement, {}, sqlite3.OperationalError("database or disk is full"))


def test_a_full_disk_is_named_and_nothing_is_lost(sqlite_database):
    with sqlite_database.transaction() as transaction:
        mark_processed(transaction, "before", "folder", utc_now())
    with pytest.raises(DiskFull, match=r"xunjie\.db"):
        _fail_while_writing(sqlite_database)
    with sqlite_database.transaction() as transaction:
        assert is_processed(transaction, "before")
        assert not is_processed(transaction, "during")
        assert mark_processed(transaction, "after", "folder", utc_now())


def _fail_while_writing(database):
    with database.transaction() as transaction:
        mark_processed(transaction, "during", "folder", utc_now())
        raise full()


def test_other_trouble_is_not_a_full_disk(tmp_path):
    locked = OperationalError("", {}, sqlite3.OperationalError("database is locked"))
    assert disk_full(locked, tmp_path / "x.db", "x.db") is None
    broken = OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))
    assert disk_full(broken, tmp_path / "x.db", "x.db") is None


def test_a_full_server_is_named():
    class Full(Exception):
        sqlstate = "53100"

    error = disk_full(OperationalError("", {}, Full()), None, "postgresql://db/x")
    assert error is not None
    assert "postgresql://db/x" in str(error)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB, where this machine lets us mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "xunjie-test", folder]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let us mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_really_full_disk(small_disk):
    """Fills the file system, sees the clear error, makes room, goes on with all it had."""
    database = Database(DatabaseConfig(url=f"sqlite:///{small_disk / 'x.db'}"))
    try:
        database.migrate()
        ballast = small_disk / "ballast"
        with pytest.raises(OSError, match="space"), ballast.open("wb") as file:
            file.write(b"\0" * (4 << 20))
        kept = _write_until_full(database)
        with database.reading() as transaction:
            assert len(transaction.execute(select(processed)).all()) == kept
        ballast.unlink()
        with database.transaction() as transaction:
            assert mark_processed(transaction, "after", "folder", utc_now())
        with database.reading() as transaction:
            assert len(transaction.execute(select(processed)).all()) == kept + 1
            assert transaction.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    finally:
        database.close()


def _write_until_full(database) -> int:
    for number in range(10_000):
        try:
            with database.transaction() as transaction:
                mark_processed(transaction, f"{number:0200d}", "folder", utc_now())
        except DiskFull as error:
            assert "x.db" in str(error)  # noqa: PT017 the loop is what is tested
            return number
    raise AssertionError("the disk never filled")


def test_presence_is_replaced_and_comes_back(database):
    with database.transaction() as transaction:
        assert load_presence(transaction, "cam") is None
        for state in ({"looks": 1}, {"looks": 2, "名": [1.5, None]}):
            now = utc_now()
            save_presence(transaction, "cam", state, now)
    with database.reading() as transaction:
        saved = load_presence(transaction, "cam")
    assert saved.state == {"looks": 2, "名": [1.5, None]}
    assert saved.saved_at == now


def test_a_picture_is_marked_once(database):
    with database.transaction() as transaction:
        assert mark_processed(transaction, "k", "folder", utc_now())
        assert not mark_processed(transaction, "k", "other", utc_now())
