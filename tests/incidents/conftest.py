"""A street in words, on both databases."""

from __future__ import annotations

import getpass
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from detector.incidents import (
    CaseDesk,
    CaseDeskConfig,
    CaseQueue,
    Changes,
    Database,
    DatabaseConfig,
    DestinationConfig,
    EvidenceLedger,
    IncidentRegistry,
    Observation,
    Outbox,
    Queries,
    RegistryConfig,
    VerdictDesk,
    ViolationPolicy,
)
from detector.incidents.schema import metadata
from detector.types import Box, Coverage, Finding, Place, Position, Posting

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STALL = Box(0.4, 0.4, 0.5, 0.6)
ELSEWHERE = Box(0.7, 0.4, 0.8, 0.6)
POLICIES = {
    "vendor": ViolationPolicy(
        clear_after_looks=3,
        clear_after_s=20,
        reopen_within_s=600,
        suppress_after_rejection_s=3600,
    ),
    "cover": ViolationPolicy(
        clear_after_looks=3,
        clear_after_s=20,
        reopen_within_s=600,
        suppress_after_rejection_s=3600,
        escalation=("cover_damaged", "cover_missing"),
    ),
}


class Clock:
    """The wall clock, by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Street:
    """Everything of the package over one database; looks every 10 s unless told otherwise."""

    START, STALL, ELSEWHERE = START, STALL, ELSEWHERE

    def __init__(self, database: Database, *destinations: DestinationConfig) -> None:
        self.database = database
        self.clock = Clock()
        self.at = START
        self.config = RegistryConfig(violations=POLICIES)
        self.wire(*destinations)

    def wire(self, *destinations: DestinationConfig) -> None:
        """Builds the services anew: also what a restart does."""
        self.outbox = Outbox(self.database, destinations, self.clock)
        self.desk = CaseDesk(CaseDeskConfig(), self.outbox, clock=self.clock)
        self.registry = IncidentRegistry(self.config, self.desk)
        self.verdicts = VerdictDesk(self.database, self.desk, self.clock)
        self.queue = CaseQueue(self.database, self.clock)
        self.ledger = EvidenceLedger(self.clock)
        self.queries = Queries(self.database)

    def finding(
        self,
        box: Box = STALL,
        source_id: str = "cam",
        position: Position | None = None,
        **values: object,
    ) -> Finding:
        fixed = position is None
        place = Place(source_id=source_id, box_unit=box, position=position, fixed=fixed)
        made = Finding(
            violation="vendor",
            subtype="mobile_vendor",
            place=place,
            class_name="stall",
            score=0.8,
            first_seen_at=self.at - timedelta(seconds=180),
            threshold_at=self.at,
            seen_at=self.at,
            seen_now=True,
            coverage=Coverage(
                looks_present=18, looks_total=18, looks_occluded=0, span_s=180, blind_s=0
            ),
            zone="road",
            urgent=False,
            posting=Posting.AFTER_VERDICT,
            rule_version="vendor-1",
            reason="a stall stands on the road",
        )
        return replace(made, **values)

    def cover(self, subtype: str = "cover_missing", **values: object) -> Finding:
        missing = subtype == "cover_missing"
        values = {
            "violation": "cover",
            "subtype": subtype,
            "class_name": subtype,
            "urgent": missing,
            "posting": Posting.AT_ONCE if missing else Posting.AFTER_VERDICT,
            **values,
        }
        return self.finding(**values)

    def place(self, box: Box = STALL, source_id: str = "cam") -> Place:
        return Place(source_id=source_id, box_unit=box, position=None, fixed=True)

    def look(
        self, *findings: Finding, step_s: float = 10, source_id: str = "cam", **values: object
    ) -> Changes:
        """One look of a source, `step_s` after the last one."""
        self.at += timedelta(seconds=step_s)
        self.clock.now = max(self.clock.now, self.at)
        seen = tuple(replace(f, seen_at=self.at) for f in findings)
        fixed = all(f.place.fixed for f in findings)
        defaults = {
            "source_id": source_id,
            "fixed": fixed,
            "at": self.at,
            "clock": "wall",
            "good_look": True,
            "examined": frozenset({"vendor", "cover"}),
            "findings": seen,
            "model_sha256": ("ab" * 32,),
        }
        observation = Observation(**{**defaults, **values})
        with self.database.transaction() as transaction:
            return self.registry.record(transaction, observation)

    def leave(self, looks: int = 3) -> Changes:
        """Good looks at an empty street until what was there is cleared."""
        for _ in range(looks - 1):
            assert not self.look().cleared
        return self.look()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: quicker than a migration a test."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(DatabaseConfig(url=f"sqlite:///{file}"))
    database.migrate()
    database.close()
    return file


@pytest.fixture
def sqlite_database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "xunjie.db"
    shutil.copy(migrated_file, file)
    database = Database(DatabaseConfig(url=f"sqlite:///{file}"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of our own on loopback, as another user where we are root."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed (extra: postgres)")
    if shutil.which("initdb") is None or shutil.which("postgres") is None:
        pytest.skip("no PostgreSQL server on the path (initdb, postgres)")
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    folder = Path(tempfile.mkdtemp(prefix="xunjie-pg-"))
    server = None
    try:
        if os.geteuid() == 0:
            try:
                shutil.chown(folder, user)
            except LookupError:
                pytest.skip("running as root, and there is no user postgres to run the server")
        port = free_port()
        server = start_postgres(folder / "data", port, user)
        yield f"postgresql+psycopg://{user}@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            server.terminate()
            server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_postgres(data: Path, port: int, user: str) -> subprocess.Popen[bytes]:
    as_user = {"user": user} if os.geteuid() == 0 else {}
    subprocess.run(
        ["initdb", "-D", data, "-A", "trust", "-U", user, "--no-sync", "-E", "UTF8"],
        check=True,
        capture_output=True,
        cwd="/",
        **as_user,
    )
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "timezone": "Asia/Shanghai",  # other than UTC, so that a forgotten conversion shows
    }
    server = subprocess.Popen(
        ["postgres", "-D", data, *(f"--{key}={value}" for key, value in options.items())],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **as_user,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.05)
    server.kill()
    server.wait()
    raise RuntimeError("PostgreSQL did not start")


@pytest.fixture(scope="session")
def postgres_migrated(postgres_url: str) -> Iterator[Database]:
    database = Database(DatabaseConfig(url=postgres_url))
    for attempt in range(50):
        try:
            database.migrate()
            break
        except Exception:
            if attempt == 49:
                raise
            time.sleep(0.1)  # the port is open before the server takes connections
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_migrated: Database) -> Database:
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with postgres_migrated.transaction() as transaction:
        transaction.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    return postgres_migrated


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    return request.getfixturevalue(name)


@pytest.fixture
def street(database: Database) -> Street:
    return Street(database)


@pytest.fixture
def posted_street(database: Database) -> Street:
    """A street whose cases go to two destinations, "city" and "county"."""
    names = ("city", "county")
    fakes = [DestinationConfig(name=name, sink={"kind": "fake"}) for name in names]
    return Street(database, *fakes)


@pytest.fixture
def fresh_street(sqlite_database: Database):
    """Makes an empty street again and again, for generated cases."""

    def make() -> Street:
        with sqlite_database.transaction() as transaction:
            for table in reversed(metadata.sorted_tables):
                transaction.execute(table.delete())
        return Street(sqlite_database)

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """As the evidence package describes a file in its store."""

    key: str
    kind: str = "first"
    variant: str = "shown"
    sha256: str = hashlib.sha256(b"picture").hexdigest()
    size_bytes: int = 7
    media_type: str = "image/jpeg"
    captured_at: datetime = START
    ends_at: datetime | None = None
    clock: str = "wall"


@pytest.fixture
def stored_file():
    """Describes a file whose bytes are b"picture"."""
    return lambda key, **values: StoredPicture(key=key, **values)
