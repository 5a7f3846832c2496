"""Kill nodes that share a city's cameras, at random moments, and count what was found.

    python -m tests.faults.kill_nodes OUT --kills 50

Three nodes (whole services, a network that answers at once) share snapshot cameras over one
PostgreSQL, at which stalls and holes come and go by a script. Nodes are killed (-9), paused for
longer than their leases and woken again, or stopped in order, and started anew. Each thing that
was there must have exactly one incident, each hole exactly one case at a receiver that
misbehaves; the first sight of a thing must not be forgotten when its camera changes hands; and
every camera of a node that died must be asked by another within 15 s. OUT gets report.json and the
nodes' logs. The exit status is 0 only if all that is so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from statistics import median

import yaml
from sqlalchemy import text

from detector.evidence import FileStore, FileStoreConfig
from detector.incidents import ChainVerifier, Database, DatabaseConfig, IncidentFilter, Queries
from tests.faults.kill_run import receiver
from tests.faults.node_service import run_node
from tests.faults.paging import every
from tests.faults.receiver import quick_sink
from tests.faults.street_pictures import Script, Stand, Street, name_of, street
from tests.incidents.conftest import free_port, start_postgres

NODES = ("a", "b", "c")
INTERVAL_S, DWELL_S = 2.0, 20.0
HAND_OVER_S = 15.0
_PAUSED_S = (10.0, 16.0)  # longer than a lease
_GRACE_S = 0.5  # a request of the dead that was on its way
_LEAST_S = 60.0
_SETTLED_S = 150.0
_POLICY = {"clear_after_looks": 2, "clear_after_s": 4, "reopen_within_s": 0}


@dataclass(kw_only=True)
class NodesReport:
    kills: int
    killed: int = 0
    paused: int = 0
    stopped: int = 0
    cameras: int = 0
    stands: int = 0
    incidents: int = 0
    cases_at_receiver: int = 0
    repeated: int = 0
    hand_overs: int = 0  # cameras of nodes that were killed or paused
    hand_over_s: list[float] = field(default_factory=list)  # least, median, greatest
    lease_s: list[float] = field(default_factory=list)  # of these, until another had the lease
    hand_back_s: list[float] = field(default_factory=list)  # as the first, nodes stopped in order
    sights_carried_over: int = 0  # changes of holder while a thing was there
    writes_refused: int = 0  # looks of nodes whose time was over
    seconds: float = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Blow:
    """One node put out of action."""

    node: str
    at_s: float
    orderly: bool
    cameras: tuple[str, ...]


class Nodes:
    """The processes. They are forked from one that has imported everything, as a machine would
    have it in its file cache: three starts of Python side by side take long on a busy one."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._making = multiprocessing.get_context("forkserver")
        self._making.set_forkserver_preload(["tests.faults.node_service"])
        self._processes: dict[str, ForkServerProcess] = {}
        self.statuses: list[int] = []

    def start(self, name: str) -> None:
        log = self._folder / f"{name}.log"
        process = self._making.Process(target=run_node, args=(self._config, name, log))
        process.start()
        self._processes[name] = process

    def begin(self) -> None:
        for name in NODES:
            self.start(name)

    def strike(self, watcher: Watcher, chance: random.Random, report: NodesReport) -> Blow:
        """Puts one node out of action and back into it; two are always left."""
        busy = sorted({holder for holder in watcher.holders.values() if holder})
        name = chance.choice(busy or NODES)
        way = chance.random()
        blow = watcher.blow(name, orderly=way >= 0.85)
        if way < 0.6:
            self.end(name, signal.SIGKILL)
            report.killed += 1
            time.sleep(chance.choice((0.0, 3.0, HAND_OVER_S)))
            self.start(name)
        elif way < 0.85:
            self.signal(name, signal.SIGSTOP)
            report.paused += 1
            time.sleep(chance.uniform(*_PAUSED_S))
            self.signal(name, signal.SIGCONT)
        else:
            self.end(name, signal.SIGTERM)
            report.stopped += 1
            time.sleep(chance.choice((0.0, 5.0)))
            self.start(name)
        return blow

    def logs(self) -> list[Path]:
        return [self._folder / f"{name}.log" for name in NODES]

    def signal(self, name: str, number: int) -> None:
        os.kill(self._processes[name].pid, number)

    def end(self, name: str, number: int) -> None:
        self.signal(name, number)
        process = self._processes.pop(name)
        process.join(timeout=90)
        if number == signal.SIGTERM and process.exitcode not in (0, -signal.SIGTERM):
            self.statuses.append(process.exitcode)

    @property
    def faults(self) -> list[str]:
        """Those that ended by themselves, or not as they should."""
        fallen = [name for name, each in self._processes.items() if not each.is_alive()]
        return [f"node {name} ended by itself" for name in fallen] + [
            f"a node that was stopped ended with {status}" for status in self.statuses
        ]

    def stop(self) -> None:
        for name in self._processes:
            with contextlib.suppress(ProcessLookupError):
                self.signal(name, signal.SIGCONT)
                self.signal(name, signal.SIGTERM)
        for each in self._processes.values():
            each.join(timeout=60)
            each.kill()
            each.join()
        self._processes.clear()


class Watcher(threading.Thread):
    """Reads holders and first sights from the database, all the time."""

    def __init__(self, database: Database) -> None:
        super().__init__(daemon=True)
        self._database = database
        self._ending = threading.Event()
        self.holders: dict[str, str | None] = {}
        self.takings: dict[str, list[float]] = defaultdict(list)  # camera: when a new holder came
        self.sights: dict[str, dict[str, set[tuple[str, int]]]] = defaultdict(
            lambda: defaultdict(set)
        )  # camera: first seen at: (holder, epoch)

    def run(self) -> None:
        while not self._ending.wait(0.3):
            with self._database.reading() as transaction:
                rows = transaction.execute(
                    text(
                        "SELECT l.unit, l.holder, l.epoch, p.state FROM leases l"
                        " LEFT JOIN presence p ON p.source_id = l.unit"
                    )
                ).all()
            now_s = time.time()
            for unit, holder, epoch, state in rows:
                if holder and holder != self.holders.get(unit):
                    self.takings[unit].append(now_s)
                self.holders[unit] = holder
                for memory in state["tracks"]["memories"] if state and holder else ():
                    self.sights[unit][memory["first_seen_at"]].add((holder, epoch))

    def blow(self, node: str, *, orderly: bool) -> Blow:
        """Now, to that node, with the cameras that it has."""
        units = [unit for unit, holder in self.holders.items() if holder == node]
        cameras = tuple(unit for unit in units if unit.startswith("cam-"))
        return Blow(node=node, at_s=time.time(), orderly=orderly, cameras=cameras)

    def end(self) -> None:
        self._ending.set()
        self.join()


def run_kills(
    folder: Path,
    kills: int,
    seed: int,
    cameras: int,
    url: str,
    make_nodes: Callable[[Path, Path], Nodes] = Nodes,
    most_s: float = HAND_OVER_S,
) -> NodesReport:
    """The whole run. `folder`: for logs, evidence and records of the run; a hand-over that takes
    longer than `most_s` is a fault."""
    chance, began_s = random.Random(seed), time.monotonic()
    report = NodesReport(kills=kills, cameras=cameras)
    script = Script(cameras=cameras, seed=seed)
    blows: list[Blow] = []
    with receiver(folder / "book.jsonl", seed, 0.3) as port, street(script) as place:
        config = write_config(folder, place, cameras, url, port)
        nodes = make_nodes(config, folder)
        database = Database(DatabaseConfig(url=url))
        database.migrate()
        watcher = Watcher(database)
        try:
            nodes.begin()
            watcher.start()
            wait_for(lambda: _all_held(watcher, cameras), 240, "the nodes did not take the cameras")
            script.began_s = time.time()
            for _ in range(kills):
                time.sleep(chance.uniform(1, 5))
                blows.append(nodes.strike(watcher, chance, report))
            _await_the_last(blows[-1], place, script.began_s, most_s)
            script.no_more_after_s = time.time()
            _settle(database, script, port)
            report.faults += nodes.faults
        finally:
            watcher.end()
            nodes.stop()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/book") as answer:
            book = json.load(answer)
        _judge_hand_overs(blows, place, watcher.takings, most_s, report)
    _count(folder, database, list(script.stands()), book, report)
    _judge_sights(watcher, list(script.stands()), report)
    logs = [log.read_text(errors="replace") for log in nodes.logs()]
    report.writes_refused = sum(log.count('"camera_lost"') for log in logs)
    database.close()
    report.seconds = round(time.monotonic() - began_s, 1)
    return report


def _all_held(watcher: Watcher, cameras: int) -> bool:
    held = [watcher.holders.get(name_of(n)) for n in range(cameras)]
    return all(held) and len(set(held)) == len(NODES)  # each has some


def _await_the_last(blow: Blow, place: Street, began_s: float, most_s: float) -> None:
    """Until somebody asks for its cameras again, and things have stood somewhere: a run of few
    blows would otherwise end before either."""
    after_s = blow.at_s + (0 if blow.orderly else _GRACE_S)
    until_s = time.time() + most_s
    while time.time() < until_s and not all(place.first_asked(c, after_s) for c in blow.cameras):
        time.sleep(0.5)
    time.sleep(max(0.0, began_s + _LEAST_S - time.time()))


def _settle(database: Database, script: Script, port: int) -> None:
    """Until the last things have gone and all is delivered."""
    last_s = max((s.ends_s for s in script.stands()), default=time.time())
    time.sleep(max(0.0, last_s - time.time()))
    waiting = text(
        "SELECT (SELECT count(*) FROM incidents WHERE status = 'open')"
        " + (SELECT count(*) FROM deliveries WHERE state = 'pending')"
    )
    until_s = time.monotonic() + _SETTLED_S
    while time.monotonic() < until_s:
        with database.reading() as transaction:
            if not transaction.execute(waiting).scalar_one() and not _is_on(script):
                return
        time.sleep(1)


def _is_on(script: Script) -> bool:
    return any(script.shows(number, time.time()) for number in range(script.cameras))


def _judge_hand_overs(
    blows: list[Blow],
    place: Street,
    takings: Mapping[str, list[float]],
    most_s: float,
    report: NodesReport,
) -> None:
    """From the blow to the first picture that somebody else asks the camera for. Where that one
    was hit before it came to ask, the wait counts from the later blow."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    leases: list[float] = []
    for number, blow in enumerate(blows):
        for camera in blow.cameras:
            at_s = place.first_asked(camera, blow.at_s + (0 if blow.orderly else _GRACE_S))
            later = (b for b in blows[number + 1 :] if camera in b.cameras)
            if any(b.at_s < (at_s or 1e12) for b in later):
                continue
            after_s = (at_s or 1e12) - blow.at_s
            taken[blow.orderly].append(after_s)
            lease_s = next((t - blow.at_s for t in takings.get(camera, ()) if t > blow.at_s), None)
            if not blow.orderly and lease_s is not None:
                leases.append(lease_s)
            if after_s > most_s:
                had = f"{lease_s:.1f} s" if lease_s is not None else "never"
                report.faults.append(
                    f"{camera} of {blow.node} waited {after_s:.1f} s (its lease: {had})"
                )
    report.hand_overs = len(taken[False])
    report.hand_over_s, report.hand_back_s = (_span(taken[key]) for key in (False, True))
    report.lease_s = _span(leases)


def _span(values: list[float]) -> list[float]:
    if not values:
        return []
    return [round(v, 2) for v in (min(values), median(values), max(values))]


def _count(
    folder: Path, database: Database, stands: list[Stand], book: dict, report: NodesReport
) -> None:
    queries = Queries(database)
    found = list(
        every(lambda cursor: queries.incidents(IncidentFilter(), cursor=cursor, limit=500))
    )
    report.stands, report.incidents = len(stands), len(found)
    faults, met = report.faults, set()
    for stand in stands:
        own = [
            i
            for i in found
            if i.source_id == stand.camera
            and stand.begins_s - 1 <= i.opened_at.timestamp() <= stand.ends_s + 2 * INTERVAL_S
        ]
        met |= {i.id for i in own}
        what = f"{stand.violation} at {stand.camera}, {stand.begins_s:.0f}"
        if not own:
            faults.append(f"lost: {what}")
        elif len(own) > 1:
            faults.append(f"doubled: {what}: {len(own)} incidents")
        faults += [f"came back: {what}" for i in own if i.reopened]
    faults += [f"unknown: incident {i.id} at {i.source_id}" for i in found if i.id not in met]
    _count_cases([str(i.id) for i in found if i.violation == "cover"], book, report)
    store = FileStore(FileStoreConfig(folder=folder / "data" / "evidence", min_free_bytes=0))
    verifier = ChainVerifier(database, store)
    faults += [f"evidence of {i.id}" for i in found if not verifier.verify(i.id).intact]


def _count_cases(covers: list[str], book: dict, report: NodesReport) -> None:
    cases = Counter(e["incident_id"] for e in book["accepted"] if e["kind"] == "opened")
    report.cases_at_receiver, report.repeated = len(cases), book["repeated"]
    report.faults += [f"lost: {i} has no case" for i in covers if not cases[i]]
    report.faults += [f"doubled: {i} has {n} cases" for i, n in cases.items() if n > 1]
    report.faults += [f"unknown: a case of {i}" for i in cases if i not in covers]
    report.faults += [f"out of order: {key}" for key in book["reordered"]]


def _judge_sights(watcher: Watcher, stands: list[Stand], report: NodesReport) -> None:
    """Of each thing only one first sight may have been saved, whoever looked. (None: it came and
    went between two readings; whether it was found is counted elsewhere.)"""
    for stand in stands:
        own = {
            sight: holders
            for sight, holders in watcher.sights[stand.camera].items()
            if stand.begins_s <= _seconds(sight) <= stand.ends_s
        }
        if len(own) > 1:
            what = f"{stand.camera}, {stand.begins_s:.0f}"
            report.faults.append(f"first sight forgotten: {what}: {sorted(own)}")
        report.sights_carried_over += sum(len(holders) - 1 for holders in own.values())


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def write_config(folder: Path, place: Street, cameras: int, url: str, port: int) -> Path:
    base = f"http://127.0.0.1:{place.server_address[1]}"
    city = {
        "data_folder": "data",
        "database": {"url": url},
        "http": {"port": 0},
        "cameras": [
            {
                "id": name_of(n),
                "kind": "snapshot",
                "url": f"{base}/{n}",
                "interval_s": INTERVAL_S,
                "tasks": ["cover" if n % 2 else "vendor"],
            }
            for n in range(cameras)
        ],
        "rules": {"vendor": {"dwell_s": DWELL_S}},
        "registry": {"violations": {"vendor": _POLICY, "cover": _POLICY}},
        "tracker": {"lost_after_looks": 2, "lost_after_s": 4},
        "destinations": [
            {
                "name": "city",
                "sink": quick_sink(f"http://127.0.0.1:{port}/cases"),
                "backoff": {"first_s": 0.05, "longest_s": 0.5},
                "lease_s": 3,
                "poll_s": 0.5,
            }
        ],
        "evidence": {"min_free_bytes": 0},
        "looks": {"threads": 1, "model_every_s": {}},
    }
    path = folder / "city.yaml"
    path.write_text(yaml.safe_dump(city), encoding="utf-8")
    return path


def wait_for(condition, seconds: float, otherwise: str) -> None:
    until_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until_s:
            raise TimeoutError(otherwise)
        time.sleep(0.2)


@contextmanager
def own_postgres() -> Iterator[str]:
    """An empty server on loopback; its data goes with it."""
    user = "postgres" if os.geteuid() == 0 else os.environ.get("USER", "xunjie")
    folder = Path(tempfile.mkdtemp(prefix="xunjie-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    port = free_port()
    server = start_postgres(folder / "data", port, user)
    try:
        url = f"postgresql+psycopg://{user}@127.0.0.1:{port}/postgres"
        wait_for(lambda: _answers(url), 60, "PostgreSQL did not start")
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(url: str) -> bool:
    database = Database(DatabaseConfig(url=url))
    try:
        with database.reading() as transaction:
            transaction.execute(text("SELECT 1"))
    except Exception:
        return False
    finally:
        database.close()
    return True


def main(make_nodes: Callable[[Path, Path], Nodes] = Nodes, about: str = __doc__) -> int:
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the report and the nodes' logs")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cameras", type=int, default=18)
    parser.add_argument("--most-s", type=float, default=HAND_OVER_S, help="of a hand-over")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; else one of our own")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    with own_postgres() if wanted.database_url is None else nullcontext(wanted.database_url) as url:
        report = run_kills(
            wanted.out,
            wanted.kills,
            wanted.seed,
            wanted.cameras,
            url,
            make_nodes,
            wanted.most_s,
        )
    line = json.dumps(asdict(report))
    (wanted.out / "report.json").write_text(line + "\n", encoding="utf-8")
    sys.stdout.write(line + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
