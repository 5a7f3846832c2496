"""One worker on every machine of a Ray cluster, as they come and go."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from api.config import CityConfig
from api.ray_worker import Detectors, RayWorker, digest_of
from api.run_report import RunReport
from api.runner import run_service
from api.service import Service
from detector.cluster.ray_link import NAMESPACE, join_ray, ray_library

_log = structlog.get_logger(__name__)
_TEND_EVERY_S: Final = 2.0
_STOP_S: Final = 60.0
_STARTING_S: Final = 300.0  # models are loaded and compiled within that time


@dataclass(slots=True, kw_only=True)
class _Worker:
    name: str
    actor: Any
    answer: Any  # to the question for its configuration, asked when it was found or started
    asked_s: float
    known: bool = False


class RayWorkers:
    """Starts them, finds those that an earlier run has left at work, ends them.

    They outlive the process that started them (detached actors): a city does not go blind because
    the machine with the pages has failed. Ray starts one anew that has died.
    """

    def __init__(
        self, address: str, config: CityConfig, detectors: Detectors | None = None
    ) -> None:
        """Joins the cluster: `auto`, or its head's HOST:PORT. Raises ConfigError."""
        self._ray = ray_library()
        self._config, self._detectors = config, detectors
        self._digest = digest_of(config)
        self._workers: dict[str, _Worker] = {}
        self._next_s = 0.0
        join_ray(self._ray, address)

    def tend(self, _service: Service | None = None) -> None:
        """Call it often; it looks at the cluster every two seconds."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + _TEND_EVERY_S
        try:
            machines = {
                each["NodeID"]: each["NodeManagerHostname"]
                for each in self._ray.nodes()
                if each["Alive"]
            }
            for node_id in self._workers.keys() - machines.keys():
                _log.warning("machine_gone", node=self._workers.pop(node_id).name)
            for node_id, host in machines.items():
                self._tend_one(node_id, host, now_s)
        except Exception:
            _log.exception("ray_not_tended")  # looks go on without it

    def stop(self) -> None:
        """Ends all workers; each hands its cameras back first."""
        ray = self._ray
        ending = [worker.actor.stop.remote() for worker in self._workers.values()]
        if ending:
            ray.wait(ending, num_returns=len(ending), timeout=_STOP_S)
        for worker in self._workers.values():
            with contextlib.suppress(Exception):
                ray.kill(worker.actor)
        self._workers.clear()
        ray.shutdown()

    def _tend_one(self, node_id: str, host: str, now_s: float) -> None:
        worker = self._workers.get(node_id)
        if worker is None:
            self._workers[node_id] = self._found_or_started(node_id, host, now_s)
            return
        if worker.known:
            return
        ready, _ = self._ray.wait([worker.answer], timeout=0)
        if not ready:
            if now_s - worker.asked_s > _STARTING_S:
                self._renew(node_id, worker, "does not answer")
            return
        try:
            same = self._ray.get(worker.answer) == self._digest
        except self._ray.exceptions.RayError as error:
            self._renew(node_id, worker, str(error).strip().splitlines()[-1][:300])
            return
        if not same:
            self._renew(node_id, worker, "has another configuration")
        worker.known = same

    def _found_or_started(self, node_id: str, host: str, now_s: float) -> _Worker:
        ray, name = self._ray, f"{host}-{node_id[:8]}"
        affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        actor = (
            ray.remote(RayWorker)
            .options(
                name=name,
                namespace=NAMESPACE,
                get_if_exists=True,
                lifetime="detached",
                max_restarts=-1,
                max_concurrency=4,
                # Its looks take what the machine has; Ray's book of cores and cards is not kept.
                # Since 2.60 an actor that asks for no card still sees those of its machine.
                num_cpus=0,
                scheduling_strategy=affinity(node_id, soft=False),
            )
            .remote(self._config, name, self._detectors)
        )
        _log.info("worker_wanted", node=name)
        return _Worker(name=name, actor=actor, answer=actor.digest.remote(), asked_s=now_s)

    def _renew(self, node_id: str, worker: _Worker, why: str) -> None:
        """Ended now; another one is started at the next look at the cluster."""
        _log.warning("worker_renewed", node=worker.name, reason=why)
        with contextlib.suppress(Exception):
            self._ray.wait([worker.actor.stop.remote()], timeout=_STOP_S)
        with contextlib.suppress(Exception):
            self._ray.kill(worker.actor)
        self._workers.pop(node_id, None)


def run_on_ray(
    config: CityConfig,
    address: str,
    *,
    for_s: float | None,
    started: Callable[[Service, str], None] = lambda service, url: None,
    detectors: Detectors | None = None,
) -> RunReport | None:
    """Pages and deliveries here, looks on all machines of the cluster; until SIGINT or SIGTERM, or
    for `for_s` seconds. Raises ConfigError, ModelError or DiskFull."""
    workers = RayWorkers(address, config, detectors)
    try:
        return run_service(
            config,
            for_s=for_s,
            started=started,
            beat=workers.tend,
            node=f"{socket.gethostname()[:56]}-pages",
            watching=False,
            detectors=detectors,
        )
    finally:
        workers.stop()
