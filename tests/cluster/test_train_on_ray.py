"""A training on the best machine of a Ray cluster."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

import training.ray_training
from detector.types import ConfigError
from tests.cluster.ray_machines import machines, needs_ray
from tests.training.test_resume import dataset
from training.ray_machine import best_machine
from training.ray_training import (
    TrainingLostError,
    _MachineLostError,
    _NoCoreFreeError,
    demand_shared,
    epochs_done,
    meaning_of,
    train_on_ray,
)
from training.train import TrainConfig

ROOT = Path(__file__).parent.parent.parent
EPOCHS = 3
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None, reason="torch is not installed (extra: train)"
)


def node(name: str, cores: float, gpus: float = 0, *, alive: bool = True) -> dict:
    resources = {"CPU": cores, **({"GPU": gpus} if gpus else {})}
    return {
        "NodeID": name,
        "NodeManagerHostname": f"host-{name}",
        "Alive": alive,
        "Resources": resources,
    }


@pytest.mark.parametrize(
    ("nodes", "best"),
    [
        ([node("a", 4), node("b", 32)], "b"),
        ([node("a", 64), node("b", 8, 1)], "b"),
        ([node("b", 4), node("a", 4)], "a"),
        ([node("a", 64, alive=False), node("b", 2)], "b"),
        ([node("a", 0, 1), node("b", 2)], "b"),
    ],
)
def test_a_gpu_goes_before_cores(nodes, best):
    assert best_machine(nodes).node_id == best


def test_a_cluster_without_a_core_is_refused():
    with pytest.raises(ConfigError, match="no machine of the cluster offers a core"):
        best_machine([node("a", 0), node("b", 4, alive=False)])


class RayTrainError(Exception):
    """As Ray Train's errors look."""

    __module__ = "ray.train.v2.api.exceptions"

    def __init__(self, text: str, **values) -> None:
        super().__init__(text)
        vars(self).update(values)


class WorkerGroupStartupTimeoutError(Exception):
    pass


class ActorDiedError(Exception):
    __module__ = "ray.exceptions"


def test_a_death_is_told_from_a_fault_of_the_training():
    died = RayTrainError("the group\nended", worker_failures={0: ActorDiedError("killed")})
    assert isinstance(meaning_of(died), _MachineLostError)
    assert str(meaning_of(died)) == "ended"
    failed = RayTrainError("the group", worker_failures={0: ConfigError("no such dataset")})
    assert isinstance(meaning_of(failed), TrainingLostError)
    assert str(meaning_of(failed)) == "ConfigError: no such dataset"
    late = RayTrainError("late", controller_failure=WorkerGroupStartupTimeoutError())
    assert isinstance(meaning_of(late), _NoCoreFreeError)


@pytest.fixture
def config(tmp_path) -> TrainConfig:
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "dataset.json").touch()
    return TrainConfig(dataset=tmp_path / "built", out=tmp_path / "out")


def test_a_machine_that_does_not_see_the_folders_refuses(config):
    with pytest.raises(ConfigError, match=r"does not see .*out: it must be in a folder"):
        demand_shared(config, "1")
    config.out.mkdir()
    (config.out / "attempt").write_text("1")
    demand_shared(config, "1")
    elsewhere = replace(config, dataset=config.dataset / "elsewhere")
    with pytest.raises(ConfigError, match=r"does not see the dataset .*elsewhere: it must be"):
        demand_shared(elsewhere, "1")


def test_a_machine_that_was_given_up_trains_no_more(config):
    config.out.mkdir()
    (config.out / "attempt").write_text("2")
    with pytest.raises(ConfigError, match="another attempt"):
        demand_shared(config, "1")


class Attempts:
    """What each attempt ends with, by hand; a number is the epoch that it came to before."""

    def __init__(self, out: Path, *ends) -> None:
        self.out, self.ends, self.machines = out, list(ends), []

    def __call__(self, config: TrainConfig, machine) -> None:
        self.machines.append(machine.node_id)
        epoch, error = self.ends.pop(0)
        record = {"epoch": epoch, "epochs": EPOCHS, "left_s": 0}
        (self.out / "progress.json").write_text(json.dumps(record))
        if error is not None:
            raise error
        (self.out / "done").touch()


@pytest.fixture
def cluster(monkeypatch, config):
    """Two machines; the better one is gone after the first look at the cluster."""
    looks = iter([[node("a", 2), node("b", 8)]])
    ray = SimpleNamespace(
        nodes=lambda: next(looks, [node("a", 2)]), init=lambda **_: None, shutdown=lambda: None
    )
    monkeypatch.setattr(training.ray_training, "ray_library", lambda: ray)
    monkeypatch.setattr(training.ray_training, "_demand_train", lambda: None)
    monkeypatch.setattr(training.ray_training, "read_dataset", lambda folder: None)
    monkeypatch.setattr(training.ray_training, "_PAUSE_S", 0.0)
    monkeypatch.setattr(training.ray_training, "_POLL_S", 0.001)
    monkeypatch.setattr(training.ray_training, "train", lambda config: config.out / "last.pt")

    def run(*ends):
        attempts, said = Attempts(config.out, *ends), []
        monkeypatch.setattr(training.ray_training, "_attempt", attempts)
        found = train_on_ray(config, "auto", said.append)
        return found, attempts.machines, said

    return run


LOST = _MachineLostError("gone")


def test_an_attempt_follows_the_machine_that_is_left(cluster, config):
    found, used, said = cluster((1, LOST), (EPOCHS, None))
    assert found == config.out / "last.pt"
    assert used == ["b", "a"]
    assert "host-b (b) was lost after epoch 1" in said
    assert said[-1] == f"epoch {EPOCHS} of {EPOCHS}, 0 s left"


def test_attempts_without_an_epoch_come_to_an_end(cluster):
    with pytest.raises(TrainingLostError, match="3 attempts without an epoch: gone"):
        cluster((1, LOST), (1, LOST), (1, LOST), (1, LOST), (EPOCHS, None))
    _, used, _ = cluster((2, LOST), (2, LOST), (2, _NoCoreFreeError()), (3, LOST), (3, None))
    assert len(used) == 5  # an epoch came in between


def test_a_fault_of_the_training_is_not_tried_again(cluster):
    with pytest.raises(TrainingLostError, match="no such start"):
        cluster((0, TrainingLostError("no such start")), (EPOCHS, None))


def trainers(session: Path) -> list[psutil.Process]:
    """Ray Train's workers of that cluster."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        name = " ".join(process.info["cmdline"] or ())
        if name.startswith("ray::") and "TrainWorker" in name and _in(process, session):
            found.append(process)
    return found


def _in(process: psutil.Process, session: Path) -> bool:
    try:
        return any(str(session) in " ".join(each.cmdline()) for each in process.parents())
    except psutil.Error:
        return False


@needs_ray
@needs_torch
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_a_training_goes_on_after_its_worker_was_killed(tmp_path):
    """On Ray's own test cluster, with the command itself."""
    built, out = dataset(tmp_path), tmp_path / "run"
    epochs = 20  # the blow must come before the last one
    settings = {"epochs": epochs, "width_px": 64, "batch": 2, "freeze": 22, "workers": 0}
    (tmp_path / "train.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "training", "train", str(tmp_path / "train.json"), "--no-gate"]
    command += ["--dataset", str(built), "--out", str(out)]
    with machines(2) as cluster:
        session = Path(cluster.head_node.get_session_dir_path())
        run = subprocess.Popen(
            [*command, "--cluster", cluster.address],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 500
        working: list[psutil.Process] = []
        while not (out / "run" / "weights" / "last.pt").exists():
            assert time.monotonic() < deadline
            assert run.poll() is None, run.stderr.read()
            working = working or trainers(session)
            time.sleep(0.01)
        for each in working:
            os.kill(each.pid, signal.SIGKILL)
        before = epochs_done(out)
        said, wrong = run.communicate(timeout=400)
    assert run.returncode == 0, said + wrong
    assert before < epochs
    assert "was lost after epoch" in said
    assert said.count("training on ") == 2
    assert epochs_done(out) == epochs
    assert (out / "done").exists()
    assert said.splitlines()[-1] == str(out / "run" / "weights" / "last.pt")
