"""Recordings on all machines of a Ray cluster: the same findings as here, each once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import api.replay_command
import api.replay_on_ray
from api.cli import app
from api.replay_job import Replayed, do_job, jobs_of
from api.replay_models import ReplayModels
from api.replay_on_ray import replay_on_ray
from api.video_files import video_paths
from detector.inference.fake import FakeDetector
from detector.types import ConfigError
from tests.api.city import CLASSES
from tests.api.test_replay import sees_red, video
from tests.cluster.ray_machines import machines, needs_ray

ROOT = Path(__file__).parent.parent.parent
CLIPS = ROOT / "datasets" / "scenes" / "clips"


def models():
    return [FakeDetector(sees_red, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))]


def slow_models(book: Path):
    """Writes down who began, and takes its time."""
    (book / str(os.getpid())).touch()

    def sees(image: np.ndarray):
        time.sleep(0.01)
        return sees_red(image)

    return [FakeDetector(sees, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))]


def deadly_models():
    """Ends its process over a picture that is red from the start."""

    def sees(image: np.ndarray):
        if image[90, 140, 2] > 150 and image[90, 140, 1] < 100:
            os._exit(1)
        return []

    return [FakeDetector(sees, CLASSES, thresholds=dict.fromkeys(CLASSES, 0.5))]


def recordings(folder: Path, count: int, seconds: int = 400) -> list[Path]:
    """In every other one a stall stands for longer than the rule allows."""
    return [
        video(folder / f"clip-{n}.mp4", seconds, 20, 380 if n % 2 else 60) for n in range(count)
    ]


def by_name(results) -> dict[str, Replayed]:
    results = list(results)
    assert max(Counter(each.name for each in results).values(), default=1) == 1
    return {each.name: each for each in results}


class WorkerDied(Exception):
    pass


class FakeRay:
    """Does a task when it is waited for; `deaths` of a name are answered with an error."""

    exceptions = SimpleNamespace(RayError=WorkerDied)

    def __init__(self, cores: int = 2) -> None:
        self.cores = cores
        self.deaths: set[str] = set()
        self.most_running = self.running = 0
        self.options = {}
        self.is_up = False

    def init(self, **_settings) -> None:
        self.is_up = True

    def shutdown(self) -> None:
        self.is_up = False

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": self.cores} if self.cores else {}

    def remote(self, function):
        def begin(job, made):
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            return (function, job, made)

        def options(**chosen):
            self.options = chosen
            return SimpleNamespace(remote=begin)

        return SimpleNamespace(options=options)

    def wait(self, answers, *, timeout):
        return answers[-1:], answers[:-1]  # the last one is the first to end

    def get(self, answer):
        print("(raylet) as Ray itself tells of a machine that dies")
        self.running -= 1
        function, job, made = answer
        if job.name in self.deaths:
            raise WorkerDied("a long story\nThe worker died unexpectedly")
        return function(job, made)


@pytest.fixture
def fake(monkeypatch):
    fake = FakeRay()
    monkeypatch.setattr(api.replay_on_ray, "ray_library", lambda: fake)
    monkeypatch.setattr(api.replay_on_ray, "_give_way", lambda: None)
    return fake


def test_every_job_is_answered_once_and_as_here(fake, tmp_path):
    jobs = jobs_of(recordings(tmp_path, 9), 2)
    found = by_name(replay_on_ray(jobs, "auto", models))
    assert found == {job.name: do_job(job, models()) for job in jobs}
    assert [len(found[job.name].report["findings"]) for job in jobs] == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert fake.most_running == 6  # of nine
    assert not fake.is_up


def test_one_whose_worker_dies_again_and_again_is_named(fake, tmp_path):
    jobs = jobs_of(recordings(tmp_path, 3), 2)
    fake.deaths = {"clip-1"}
    found = by_name(replay_on_ray(jobs, "auto", models))
    assert found["clip-1"].report is None
    assert found["clip-1"].fault == f"{jobs[1].path}: The worker died unexpectedly"
    assert found["clip-0"].report
    assert found["clip-2"].report
    assert fake.options["max_retries"] == 3


def test_a_file_that_a_machine_does_not_see_is_named_with_the_machine(fake, tmp_path):
    (job,) = jobs_of([tmp_path / "away.mp4"], 2)
    (done,) = replay_on_ray([job], "auto", models)
    assert done.report is None
    assert done.fault == f"{job.path}: No such file or directory (on {os.uname().nodename})"


def test_a_cluster_without_a_core_is_refused(fake, tmp_path):
    fake.cores = 0
    with pytest.raises(ConfigError, match="no machine of it offers a core"):
        list(replay_on_ray(jobs_of([tmp_path / "a.mp4"], 2), "auto", models))
    assert not fake.is_up


def test_the_command_gives_the_same_from_a_cluster(fake, tmp_path, monkeypatch):
    """Files of the same name, in folders, one of them broken; with the released models' place
    taken by one that sees red."""
    monkeypatch.setattr(ReplayModels, "__call__", lambda self: models())
    for day in ("monday", "tuesday"):
        (tmp_path / "archive" / day).mkdir(parents=True)
        recordings(tmp_path / "archive" / day, 2)
    (tmp_path / "archive" / "monday" / "broken.mp4").write_bytes(b"no video")
    command = ["replay", str(tmp_path / "archive")]
    runs = {
        where: CliRunner().invoke(app, [*command, "--out", str(tmp_path / where), *more])
        for where, more in (("here", []), ("there", ["--cluster", "auto"]))
    }
    here, there = runs["here"], runs["there"]
    assert (here.exit_code, there.exit_code) == (1, 1)
    assert here.stdout == there.stdout
    assert "broken.mp4" in here.stderr
    assert "broken.mp4" in there.stderr
    names = [report["source"] for report in json.loads(there.stdout)]
    assert names == ["clip-0", "clip-1", "clip-0-2", "clip-1-2"]
    files = {where: _files(tmp_path / where) for where in runs}
    assert files["here"] == files["there"]
    assert sum(name.endswith(".jpg") for name in files["there"]) == 2


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_name_belongs_to_the_file_that_has_it():
    paths = [Path("a/day.mp4"), Path("b/day.mp4"), Path("c/day-2.mp4"), Path("d/day-2.mkv")]
    jobs = jobs_of(paths, 2)
    assert [job.name for job in jobs] == ["day", "day-3", "day-2", "day-2-2"]


def test_a_folder_stands_for_its_recordings_and_none_counts_twice(tmp_path):
    for name in ("b.mp4", "a.MKV", "notes.txt"):
        (tmp_path / name).touch()
    named = tmp_path / "notes.txt"
    found = list(video_paths([tmp_path / "b.mp4", tmp_path, named]))
    assert found == [tmp_path / "b.mp4", tmp_path / "a.MKV", named]


def test_other_models_on_a_machine_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("api.replay_models._loaded", lambda folder, threads: models())
    wanted = ReplayModels(ROOT / "models")
    with pytest.raises(ConfigError, match="other models than where the replay was started"):
        wanted()
    with pytest.raises(ConfigError, match="holds no released model"):
        ReplayModels(tmp_path)


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("victim", ["worker", "machine"])
def test_what_is_lost_in_the_middle_is_done_again(tmp_path, victim):
    book = tmp_path / "book"
    book.mkdir()
    jobs = jobs_of(recordings(tmp_path, 6), 2)
    with machines(3) as cluster:
        last = sorted(cluster.worker_nodes, key=lambda node: node.node_id)[-1]

        def strike():
            until_s = time.monotonic() + 240
            while not (begun := sorted(book.iterdir())) and time.monotonic() < until_s:
                time.sleep(0.02)
            if victim == "worker":
                os.kill(int(begun[0].name), signal.SIGKILL)
            else:
                cluster.remove_node(last, allow_graceful=False)

        striker = threading.Thread(target=strike)
        striker.start()
        found = by_name(replay_on_ray(jobs, cluster.address, partial(slow_models, book)))
        striker.join()
    assert found == {job.name: do_job(job, models()) for job in jobs}


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_a_recording_that_kills_its_worker_stops_nothing(tmp_path):
    paths = [
        video(tmp_path / f"{name}.mp4", 40, 0, red_to)
        for name, red_to in (("quiet", 0), ("red", 40))
    ]
    with machines(1) as cluster:
        found = by_name(replay_on_ray(jobs_of(paths, 2), cluster.address, deadly_models))
    assert found["quiet"].report["looks"] == 20
    assert "red.mp4" in found["red"].fault


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_the_released_models_find_the_same_on_a_cluster(tmp_path):
    """The command itself, on the repository's clips."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes((CLIPS / "corner_dusk.mp4").read_bytes()[:2000])
    clips = [str(CLIPS / f"{name}.mp4") for name in ("corner_dusk", "cover_missing")]
    command = [sys.executable, "-m", "api", "replay", *clips, str(broken)]
    command += ["--interval-s", "15"]
    with machines(2) as cluster:
        there = subprocess.run(
            [*command, "--cluster", cluster.address], cwd=ROOT, capture_output=True, text=True
        )
    here = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (here.returncode, there.returncode) == (1, 1), there.stderr
    assert "broken.mp4" in there.stderr
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert sum(len(report["findings"]) for report in json.loads(there.stdout)) >= 1
