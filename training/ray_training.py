"""A training on the best machine of a Ray cluster, which goes on elsewhere when that one dies."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from detector.cluster.ray_link import join_ray, ray_library
from detector.types import ConfigError, XunjieError
from training.dataset import read_dataset
from training.progress import FILE as PROGRESS
from training.progress import minutes
from training.ray_machine import Machine, best_machine
from training.train import TrainConfig, train, with_whole_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRIES: Final = 3  # attempts in a row without an epoch
_PAUSE_S: Final = 5.0  # until a machine that has died is known to be dead
_POLL_S: Final = 1.0
_NICENESS: Final = 10  # looks at living cameras go first
_ATTEMPT: Final = "attempt"
_OF_A_GROUP: Final = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK")


class TrainingLostError(XunjieError):
    """The training failed, or its machines died too often; a new start goes on with it."""


class _MachineLostError(XunjieError):
    """The worker, or its machine, has died."""


class _NoCoreFreeError(XunjieError):
    """Other work of the cluster has all cores of the machine, or it has died meanwhile."""


def train_on_ray(config: TrainConfig, address: str, say: Callable[[str], None] = print) -> Path:
    """As `train`, in a folder and with a dataset that all machines reach; the checkpoint's path.

    Each attempt is a run of Ray Train with one worker. An epoch's checkpoint lies in the training's
    own folder, so that the next attempt goes on from it, wherever it runs. Raises ConfigError,
    TrainingLostError, or what `train` raises.
    """
    config = with_whole_paths(config)
    ray = ray_library()
    _demand_train()
    read_dataset(config.dataset)  # refused here, before a machine is asked
    config.out.mkdir(parents=True, exist_ok=True)
    join_ray(ray, address)
    try:
        with _progress_told(config.out, say):
            _until_done(ray, config, say)
    finally:
        ray.shutdown()
    return train(config)  # it is done: mixes the weights, where the configuration says so


def _until_done(ray: Any, config: TrainConfig, say: Callable[[str], None]) -> None:
    fruitless = 0
    while not (config.out / "done").exists():
        machine = best_machine(ray.nodes())
        name = f"{machine.host} ({machine.node_id[:8]})"
        say(f"training on {name}, {'its GPU' if machine.gpus else f'{machine.cores} cores'}")
        before = epochs_done(config.out)
        try:
            _attempt(config, machine)
        except _NoCoreFreeError:
            say(f"no core of {name} is free yet")
        except _MachineLostError as error:
            fruitless = 0 if epochs_done(config.out) > before else fruitless + 1
            if fruitless == _TRIES:
                raise TrainingLostError(f"{_TRIES} attempts without an epoch: {error}") from error
            say(f"{name} was lost after epoch {epochs_done(config.out)}")
            time.sleep(_PAUSE_S)


def _attempt(config: TrainConfig, machine: Machine) -> None:
    """Raises _NoCoreFreeError, _MachineLostError, or TrainingLostError where the training itself
    failed, as it would again."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    attempt = uuid4().hex
    (config.out / _ATTEMPT).write_text(attempt, encoding="utf-8")
    trainer = TorchTrainer(
        train_here,
        train_loop_config={"config": replace(config, threads=machine.cores), "attempt": attempt},
        scaling_config=ScalingConfig(
            num_workers=1,
            use_gpu=machine.gpus > 0,
            # One core is booked: all of them might never be free beside a replay.
            resources_per_worker={"CPU": 1, **({"GPU": 1} if machine.gpus else {})},
            label_selector={"ray.io/node-id": machine.node_id},
        ),
        run_config=RunConfig(
            name=attempt,
            storage_path=str(config.out / "ray"),
            # The next attempt is ours: it may need another machine.
            failure_config=FailureConfig(max_failures=0, controller_failure_limit=0),
        ),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        raise meaning_of(error) from error


def meaning_of(error: Any) -> XunjieError:
    """Of Ray Train's error: a worker that died fails with an error of Ray's own, a training that
    failed with that of the training."""
    waited = type(getattr(error, "controller_failure", None)).__name__
    if waited == "WorkerGroupStartupTimeoutError":
        return _NoCoreFreeError(str(error))
    for failure in getattr(error, "worker_failures", {}).values():
        if not type(failure).__module__.startswith("ray."):
            return TrainingLostError(f"{type(failure).__name__}: {failure}")
    return _MachineLostError(str(error).strip().splitlines()[-1][:300])


def train_here(given: dict[str, Any]) -> None:
    """In Ray Train's worker. Raises what `train` raises."""
    import ray.train

    config, attempt = given["config"], given["attempt"]
    os.nice(_NICENESS)
    for name in _OF_A_GROUP:
        os.environ.pop(name, None)  # one worker is no group: it trains as without Ray
    demand_shared(config, attempt)

    def ended(trainer: Any) -> None:
        demand_shared(config, attempt)
        ray.train.report({"epoch": int(trainer.epoch) + 1, "epochs": int(trainer.epochs)})

    train(config, epoch_ended=ended)


def demand_shared(config: TrainConfig, attempt: str) -> None:
    """Raises ConfigError where this machine does not see the folders of the one that started the
    training, and where another attempt has begun: a machine that was cut off trains no more."""
    host = os.uname().nodename
    try:
        newest = (config.out / _ATTEMPT).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{host} does not see {config.out}: it must be in a folder that all machines of the"
            " cluster reach by the same path"
        ) from error
    if newest != attempt:
        raise ConfigError(f"{host}: another attempt at {config.out} has begun")
    if not (config.dataset / "dataset.json").is_file():
        raise ConfigError(
            f"{host} does not see the dataset {config.dataset}: it must be in a folder that all"
            " machines of the cluster reach by the same path"
        )


def epochs_done(out: Path) -> int:
    """As the training itself has told."""
    return int(_progress(out).get("epoch", 0))


@contextmanager
def _progress_told(out: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Says each epoch, which the worker writes into the shared folder."""
    ended = threading.Event()

    def tell() -> None:
        known = _progress(out)
        last = False
        while not last:
            last = ended.wait(_POLL_S)
            now = _progress(out)
            if now and now != known:
                known = now
                say(f"epoch {now['epoch']} of {now['epochs']}, {minutes(now['left_s'])} left")

    teller = threading.Thread(target=tell, name="training-progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _progress(out: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((out / PROGRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError):  # not there yet, or half there
        return {}


def _demand_train() -> None:
    try:
        import ray.train.torch  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "training on a cluster needs Ray Train: pip install 'xunjie[cluster-train]'"
        ) from error
