"""Workers on the machines of a Ray cluster, as they come and go."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import api.ray_cluster
from api.cli import app
from api.ray_cluster import RayWorkers, run_on_ray
from api.ray_worker import digest_of
from detector.types import ConfigError
from tests.api.city import config, model

ROOT = Path(__file__).parent.parent.parent
OTHER = "another configuration"


@dataclass
class Actor:
    """A worker as Ray hands it out; its answers are given by hand."""

    name: str
    answer: object = None
    stopped: bool = False
    killed: bool = False

    @property
    def digest(self):
        return SimpleNamespace(remote=lambda: self)

    @property
    def stop(self):
        def remote():
            self.stopped = True
            return self

        return SimpleNamespace(remote=remote)


class RayFault(Exception):
    pass


@dataclass
class FakeRay:
    """As much of Ray as is used, on one thread."""

    machines: dict[str, bool] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    down: bool = False
    exceptions = SimpleNamespace(RayError=RayFault)

    def __post_init__(self) -> None:
        strategies = SimpleNamespace(
            NodeAffinitySchedulingStrategy=lambda node_id, soft: (node_id, soft)
        )
        self.util = SimpleNamespace(scheduling_strategies=strategies)
        self.shut = False

    def init(self, **settings) -> None:
        if self.down:
            raise ConnectionError("no cluster answers there")

    def nodes(self):
        if self.down:
            raise RayFault("the head does not answer")
        return [
            {"NodeID": name, "NodeManagerHostname": "host", "Alive": alive}
            for name, alive in self.machines.items()
        ]

    def remote(self, _kind):
        def options(*, name, get_if_exists, lifetime, scheduling_strategy, **_more):
            assert (get_if_exists, lifetime) == (True, "detached")
            assert scheduling_strategy[1] is False  # on that machine or nowhere
            start = lambda *_: self.actors.setdefault(name, Actor(name))  # noqa: E731
            return SimpleNamespace(remote=start)

        return SimpleNamespace(options=options)

    def wait(self, answers, *, timeout, num_returns=1):
        ready = [a for a in answers if a.answer is not None or a.stopped]
        return ready, [a for a in answers if a not in ready]

    def get(self, actor):
        if isinstance(actor.answer, Exception):
            raise actor.answer
        return actor.answer

    def kill(self, actor) -> None:
        actor.killed = True
        self.actors.pop(actor.name, None)

    def shutdown(self) -> None:
        self.shut = True


@pytest.fixture
def ray(monkeypatch):
    fake = FakeRay({"aaaaaaaa1": True, "bbbbbbbb2": True})
    monkeypatch.setattr(api.ray_cluster, "ray_library", lambda: fake)
    monkeypatch.setattr(api.ray_cluster, "_TEND_EVERY_S", 0.0)
    return fake


@pytest.fixture
def workers(ray, tmp_path):
    return RayWorkers("auto", config(tmp_path))


def test_every_machine_gets_one_worker(ray, workers, tmp_path):
    workers.tend()
    assert sorted(ray.actors) == ["host-aaaaaaaa", "host-bbbbbbbb"]
    ray.machines["cccccccc3"] = True
    for _ in range(3):
        workers.tend()
    assert sorted(ray.actors) == ["host-aaaaaaaa", "host-bbbbbbbb", "host-cccccccc"]


def test_a_machine_that_is_gone_is_forgotten_and_may_come_back(ray, workers):
    workers.tend()
    first = ray.actors.pop("host-bbbbbbbb")
    ray.machines["bbbbbbbb2"] = False
    workers.tend()
    ray.machines["bbbbbbbb2"] = True
    workers.tend()
    assert ray.actors["host-bbbbbbbb"] is not first


def test_a_worker_that_is_at_work_is_kept(ray, workers, tmp_path):
    workers.tend()
    before = dict(ray.actors)
    for actor in ray.actors.values():
        actor.answer = digest_of(config(tmp_path))
    for _ in range(3):
        workers.tend()
    assert ray.actors == before
    assert not any(actor.stopped for actor in before.values())


@pytest.mark.parametrize("answer", [OTHER, RayFault("the seal key differs")])
def test_a_worker_of_another_configuration_or_without_a_start_is_renewed(ray, workers, answer):
    workers.tend()
    first = ray.actors["host-aaaaaaaa"]
    first.answer = answer
    workers.tend()
    assert first.stopped
    assert first.killed
    workers.tend()
    assert ray.actors["host-aaaaaaaa"] is not first


def test_a_head_that_does_not_answer_ends_nothing(ray, workers):
    workers.tend()
    ray.down = True
    workers.tend()
    ray.down = False
    workers.tend()
    assert len(ray.actors) == 2


def test_the_end_stops_all(ray, workers):
    workers.tend()
    actors = list(ray.actors.values())
    workers.stop()
    assert all(actor.stopped and actor.killed for actor in actors)
    assert ray.shut


def test_pages_and_deliveries_stay_here_and_looks_do_not(
    ray, tmp_path, postgres_url, postgres_database
):
    settings = config(tmp_path, database={"url": postgres_url})
    seen = []

    def started(service, url):
        seen.extend((service.member.name, service.member.book.all()[0].capacity))

    report = run_on_ray(settings, "auto", for_s=3, started=started, detectors=lambda: [model()])
    assert seen == [f"{socket.gethostname()[:56]}-pages", 0]
    assert report.sources == []
    assert ray.shut


def test_a_cluster_that_is_not_there_is_named(ray, tmp_path):
    ray.down = True
    with pytest.raises(ConfigError, match=r"--cluster 10\.0\.0\.1:6379: no cluster answers"):
        RayWorkers("10.0.0.1:6379", config(tmp_path))


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'xunjie\[cluster\]'"):
        RayWorkers("auto", config(tmp_path))


def test_a_configuration_has_the_same_digest_in_every_process(tmp_path):
    """Sets are written in another order there."""
    code = (
        "import sys; from pathlib import Path; from api.ray_worker import digest_of;"
        "from tests.api.city import config; print(digest_of(config(Path(sys.argv[1]))))"
    )
    run = [sys.executable, "-c", code, str(tmp_path)]
    seeds = [{**os.environ, "PYTHONHASHSEED": seed} for seed in ("1", "2")]
    found = {subprocess.run(run, cwd=ROOT, capture_output=True, env=e).stdout for e in seeds}
    assert found == {digest_of(config(tmp_path)).encode() + b"\n"}
    assert digest_of(config(tmp_path / "other")).encode() + b"\n" not in found


def test_node_and_cluster_exclude_each_other():
    result = CliRunner().invoke(app, ["run", "--node", "a", "--cluster", "auto"])
    assert result.exit_code == 2
    assert "leave --node out" in result.output


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_machine_that_is_removed_loses_and_doubles_nothing(
    tmp_path, postgres_database, postgres_url
):
    """On Ray's own test cluster."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed (extra: cluster)")
    command = [sys.executable, "-m", "tests.faults.kill_ray", str(tmp_path), "--kills", "1"]
    command += ["--cameras", "6", "--most-s", "240", "--database-url", postgres_url]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    assert report["incidents"] == report["stands"] > 0
