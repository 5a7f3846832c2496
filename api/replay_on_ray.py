"""Recordings gone through on all machines of a Ray cluster.

Plain tasks, not a Ray Data set: of a data set nobody learns which recording it was whose worker
died, and such a one is tried without end.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from api.replay_job import Replayed, ReplayJob, do_job
from detector.cluster.ray_link import join_ray, ray_library
from detector.types import ConfigError, Detector, XunjieError

_TRIES: Final = 4  # a recording whose worker has died so often is named and left out
_AHEAD: Final = 3  # tasks a core that are with Ray at a time; the list may be very long
_POLL_S: Final = 1.0
_NICENESS: Final = 10  # looks at living cameras go first


def replay_on_ray(
    jobs: Sequence[ReplayJob], address: str, models: Callable[[], Sequence[Detector]]
) -> Iterator[Replayed]:
    """What came of each job, once, in the order in which they end.

    A job takes one core of any machine, of those too that join meanwhile. One whose worker or
    machine dies is done anew elsewhere. Raises ConfigError before anything is done.
    """
    ray = ray_library()
    join_ray(ray, address)
    try:
        if ray.cluster_resources().get("CPU", 0) < 1:
            raise ConfigError(f"--cluster {address}: no machine of it offers a core")
        yield from _results(ray, jobs, models)
    finally:
        ray.shutdown()


def _results(
    ray: Any, jobs: Sequence[ReplayJob], models: Callable[[], Sequence[Detector]]
) -> Iterator[Replayed]:
    task = ray.remote(do_on_machine).options(
        num_cpus=1, max_retries=_TRIES - 1, scheduling_strategy="SPREAD"
    )
    waiting = iter(jobs)
    running: dict[Any, ReplayJob] = {}
    while True:
        wanted = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 0))) - len(running)
        for job in itertools.islice(waiting, max(0, wanted)):
            running[task.remote(job, models)] = job
        if not running:
            return
        done, _ = ray.wait(list(running), timeout=_POLL_S)
        for answer in done:
            yield _result(ray, answer, running.pop(answer))


def _result(ray: Any, answer: Any, job: ReplayJob) -> Replayed:
    try:
        return ray.get(answer)  # type: ignore[no-any-return]
    except ray.exceptions.RayError as error:
        last = str(error).strip().splitlines()[-1][:300]
        return Replayed(name=job.name, fault=f"{job.path}: {last}")


def do_on_machine(job: ReplayJob, models: Callable[[], Sequence[Detector]]) -> Replayed:
    """In a worker's process; a fault names the machine too, which may not see the file at all."""
    _give_way()
    try:
        done = do_job(job, models())
    except XunjieError as error:
        done = Replayed(name=job.name, fault=f"{job.path}: {error}")
    return replace(done, fault=f"{done.fault} (on {os.uname().nodename})") if done.fault else done


@lru_cache(maxsize=1)
def _give_way() -> None:
    os.nice(_NICENESS)
