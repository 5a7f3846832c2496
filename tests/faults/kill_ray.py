"""Take machines out of a Ray cluster at random moments, and count what was found.

    python -m tests.faults.kill_ray OUT --kills 20

As `tests.faults.kill_nodes`, but the three nodes are workers on three nodes of Ray's own test
cluster (`ray.cluster_utils.Cluster`) on this machine; a node is removed without grace, worker and
all, and another one added. The head node is left alone: where it fails, workers go on, but no
new machine joins.
"""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from ray._private.ray_constants import PROCESS_TYPE_RAYLET
from ray.cluster_utils import Cluster

from api.config import read_config
from api.ray_cluster import RayWorkers
from tests.api.city import model
from tests.faults.kill_nodes import HAND_OVER_S, NODES, Blow, NodesReport, Watcher, main

_STARTING_S = 120.0


def detectors() -> list[Any]:
    """For each worker, in its own process."""
    return [model()]


class RayNodes:
    """A head and two more, each with a worker."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._config = config
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        self._others = [self._cluster.add_node(num_cpus=1) for _ in NODES[1:]]
        self._session = Path(self._cluster.head_node.get_session_dir_path())
        self._workers: RayWorkers | None = None
        self._ending = threading.Event()
        self._tending = threading.Thread(target=self._tend, daemon=True)
        self.faults: list[str] = []

    def begin(self) -> None:
        settings = read_config(self._config)
        self._workers = RayWorkers(self._cluster.address, settings, detectors)
        self._tending.start()

    def strike(self, watcher: Watcher, chance: random.Random, report: NodesReport) -> Blow:
        """Takes out one that looks at cameras. Its worker may still be on its way up: then some
        time after it has come, or each would be struck in the first moment of its work."""
        at_work = self._at_work(watcher)
        if not at_work:
            until_s = time.monotonic() + _STARTING_S
            while not at_work and time.monotonic() < until_s:
                time.sleep(0.3)
                at_work = self._at_work(watcher)
            time.sleep(chance.uniform(0, HAND_OVER_S))
        node = chance.choice(at_work or self._others)
        self._others.remove(node)
        processes = processes_of(node)
        blow = watcher.blow(name_of(node), orderly=False)
        for each in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self._cluster.remove_node(node, allow_graceful=False)
        report.killed += 1
        time.sleep(chance.choice((0.0, 5.0, HAND_OVER_S)))
        self._others.append(self._cluster.add_node(num_cpus=1))
        return blow

    def logs(self) -> list[Path]:
        """What the workers said, as Ray keeps it."""
        return sorted(self._session.glob("logs/worker-*.err"))

    def stop(self) -> None:
        self._ending.set()
        self._tending.join(timeout=60)
        if self._workers is not None:
            self._workers.stop()
        with contextlib.suppress(Exception):
            self._cluster.shutdown()

    def _at_work(self, watcher: Watcher) -> list[Any]:
        return [node for node in self._others if name_of(node) in watcher.holders.values()]

    def _tend(self) -> None:
        while not self._ending.wait(0.5):
            self._workers.tend()


def processes_of(node: Any) -> list[psutil.Process]:
    """Its raylet, and what that has started: Ray alone ends the workers later, when they notice
    that their raylet is gone, while those of a machine that fails stop with it."""
    (raylet,) = node.all_processes[PROCESS_TYPE_RAYLET]
    first = psutil.Process(raylet.process.pid)
    return [first, *first.children(recursive=True)]


def name_of(node: Any) -> str:
    """Of the worker on it."""
    return f"{socket.gethostname()}-{node.node_id[:8]}"


if __name__ == "__main__":
    sys.exit(main(RayNodes, __doc__))
