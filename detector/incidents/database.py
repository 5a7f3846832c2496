"""The one place where transactions begin."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from detector.incidents.disk import disk_full
from detector.types import ConfigError

Transaction = Connection
"""An open transaction: rows written through it are kept together or not at all."""

_WRITES: Final = "xunjie_writes"
_MIGRATION_LOCK: Final = 7_305_111_001


class DatabaseConfig(BaseModel):
    """Where the records are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "sqlite:///xunjie.db"
    """`sqlite:///FILE` or `postgresql+psycopg://user@host/name`; the password may come from
    PGPASSWORD or a pgpass file."""

    busy_timeout_s: float = Field(default=30, gt=0, le=600)
    """How long a writer waits for another process's."""

    pool_size: int = Field(default=20, ge=1, le=200)


class Database:
    """Engine, transactions and migrations for SQLite and PostgreSQL.

    SQLite runs in WAL mode with full synchronisation: a committed transaction survives a power
    cut. Writers begin with BEGIN IMMEDIATE and queue on a lock of this process first, because
    SQLite's own waiting is polling and unfair. Raises ConfigError for a URL it cannot use.
    """

    def __init__(self, config: DatabaseConfig) -> None:
        self._config = config
        self._url = _checked_url(config.url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._writer = threading.Lock()
        self._writing_thread: int | None = None
        self.engine = self._engine()

    @property
    def name(self) -> str:
        """The database for people: the file, or the URL without its password."""
        return str(self._file) if self._file else self._url.render_as_string(hide_password=True)

    @property
    def _file(self) -> Path | None:
        return Path(self._url.database or "") if self.is_sqlite else None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A write transaction: committed at the end of the block, undone by an exception.

        Transactions do not nest (RuntimeError). Raises DiskFull, with nothing written, when no
        space is left.
        """
        with self._queue_of_writers(), self._plain_errors(), self.engine.connect() as connection:
            writing = connection.execution_options(**{_WRITES: True})
            with writing.begin():
                yield writing

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction for queries: writers neither wait for it nor hold it up."""
        with self._plain_errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    def migrate(self, revision: str = "head") -> None:
        """Brings the tables to `revision` in one transaction; safe when two processes start."""
        with self.transaction() as transaction:
            if not self.is_sqlite:
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                transaction.execute(lock, {"key": _MIGRATION_LOCK})
            command.upgrade(self._alembic(transaction), revision)

    def downgrade(self, revision: str) -> None:
        """Takes the tables back; `base` removes them all."""
        with self.transaction() as transaction:
            command.downgrade(self._alembic(transaction), revision)

    def close(self) -> None:
        self.engine.dispose()

    def _alembic(self, transaction: Transaction) -> Config:
        config = Config()
        config.set_main_option("script_location", "detector.incidents:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = transaction
        return config

    @contextlib.contextmanager
    def _queue_of_writers(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("transactions do not nest: pass the open one on")
        with self._writer:
            self._writing_thread = threading.get_ident()
            try:
                yield
            finally:
                self._writing_thread = None

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            full = disk_full(error, self._file, self.name)
            if full is None:
                raise
            raise full from error

    def _engine(self) -> Engine:
        engine = create_engine(
            self._url,
            pool_size=self._config.pool_size,
            max_overflow=self._config.pool_size,
            pool_pre_ping=not self.is_sqlite,
        )
        if self.is_sqlite:
            timeout_ms = round(self._config.busy_timeout_s * 1000)
            event.listen(engine, "connect", lambda raw, _: _prepare_sqlite(raw, timeout_ms))
            event.listen(engine, "begin", _begin_sqlite)
        return engine


def _checked_url(text_url: str) -> URL:
    try:
        url = make_url(text_url)
    except ArgumentError as error:
        raise ConfigError(f"database url {text_url!r} cannot be read: {error}") from error
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigError(f"database url: {backend!r} is not known, use sqlite or postgresql")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigError("database url: SQLite needs a file, e.g. sqlite:///xunjie.db")
    return url


def _prepare_sqlite(raw: Any, timeout_ms: int) -> None:
    # The driver's own BEGIN would come late and deferred; ours is sent by _begin_sqlite.
    raw.isolation_level = None
    cursor = raw.cursor()
    for pragma in (
        f"busy_timeout={timeout_ms}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    # A deferred transaction that turns to writing fails at once when another has written since.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
