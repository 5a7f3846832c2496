"""What a look costs as more nodes share the same cameras.

    python -m tests.benchmarks.nodes [--nodes 1,2,4] [--cameras 24] [--for-s 40]

Nodes (whole services, a network that answers at once) share snapshot cameras, each looked at once
a second, over one PostgreSQL on this machine. Counted are looks (the nodes' own metrics) and CPU
time of the nodes and of PostgreSQL, so that a busy machine does not change the answer; things come
and go at the cameras as in `tests.faults.kill_nodes`. Prints a line of JSON for each number of
nodes: looks a core-second is the throughput per core.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
import yaml
from sqlalchemy import text

from detector.incidents import Database, DatabaseConfig
from tests.faults.kill_nodes import own_postgres, wait_for, write_config
from tests.faults.node_service import run_node
from tests.faults.street_pictures import Script, name_of, street

_LOOKS = re.compile(r"^xunjie_looks_total\{.*\} (\S+)$", re.M)


def measure(count: int, cameras: int, for_s: float) -> dict:
    script = Script(cameras=cameras, seed=1)
    with (
        tempfile.TemporaryDirectory(prefix="xunjie-nodes-") as folder,
        own_postgres() as url,
        street(script) as place,
    ):
        config = write_config(Path(folder), place, cameras, url, 9)
        raw = yaml.safe_load(config.read_text())
        raw |= {"access": {"open_metrics": True}, "destinations": []}
        for camera in raw["cameras"]:
            camera["interval_s"] = 1
        config.write_text(yaml.safe_dump(raw))
        database = Database(DatabaseConfig(url=url))
        database.migrate()
        making = multiprocessing.get_context("forkserver")
        making.set_forkserver_preload(["tests.faults.node_service"])
        nodes = [
            making.Process(target=run_node, args=(config, f"n{n}", Path(folder) / f"n{n}.log"))
            for n in range(count)
        ]
        for node in nodes:
            node.start()
        try:
            wait_for(lambda: _held(database, cameras) == count, 240, "not all cameras were taken")
            script.began_s = time.time() - 30
            time.sleep(15)
            found = _measured([n.pid for n in nodes], database, for_s)
        finally:
            for node in nodes:
                node.terminate()
            for node in nodes:
                node.join(60)
            database.close()
    return {"nodes": count, "cameras": cameras, **found}


def _measured(pids: list[int], database: Database, for_s: float) -> dict:
    server = [p for p in psutil.process_iter() if _is_postgres(p)]
    looks, own_s, server_s = _looks(database), _spent_s(pids), _total_s(server)
    began_s = time.monotonic()
    time.sleep(for_s)
    looks = _looks(database) - looks
    own_s, passed_s = _spent_s(pids) - own_s, time.monotonic() - began_s
    server_s = _total_s([p for p in psutil.process_iter() if _is_postgres(p)]) - server_s
    return {
        "looks": round(looks),
        "looks_a_second": round(looks / passed_s, 2),
        "core_ms_a_look": round(1000 * own_s / looks, 2),
        "postgres_core_ms_a_look": round(1000 * server_s / looks, 2),
        "looks_a_core_second": round(looks / (own_s + server_s), 2),
    }


def _held(database: Database, cameras: int) -> int:
    """How many nodes share all the cameras; 0 while some have none."""
    with database.reading() as transaction:
        rows = transaction.execute(text("SELECT unit, holder FROM leases")).all()
    holders = dict(rows)
    own = [holders.get(name_of(n)) for n in range(cameras)]
    return len(set(own)) if all(own) else 0


def _looks(database: Database) -> float:
    with database.reading() as transaction:
        addresses = transaction.execute(text("SELECT address FROM nodes")).scalars().all()
    total = 0.0
    for address in addresses:
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            total += sum(map(float, _LOOKS.findall(answer.read().decode())))
    return total


def _spent_s(pids: list[int]) -> float:
    return _total_s([psutil.Process(pid) for pid in pids])


def _total_s(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _is_postgres(process: psutil.Process) -> bool:
    """Of our own server: started by this run, with its connections' processes."""
    try:
        return process.name() == "postgres" and any(
            parent.pid == psutil.Process().pid for parent in process.parents()
        )
    except psutil.Error:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", default="1,2,4")
    parser.add_argument("--cameras", type=int, default=24)
    parser.add_argument("--for-s", type=float, default=40)
    wanted = parser.parse_args()
    for count in wanted.nodes.split(","):
        line = json.dumps(measure(int(count), wanted.cameras, wanted.for_s))
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
