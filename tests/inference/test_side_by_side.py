"""Passes of several pictures and callers go side by side, and each gets its own answer."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from api.config import LooksConfig
from detector.inference import cpu, usable_cores
from detector.inference.backend import OpenVinoBackend

WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "street" / "weights.onnx"


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(2).random((5, 3, 64, 96), np.float32)


@pytest.fixture(scope="module")
def alone(pictures) -> np.ndarray:
    backend = OpenVinoBackend(WEIGHTS, 1)
    return np.concatenate([backend.run(one[None]) for one in pictures])


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_pictures_given_together_get_the_answers_they_get_alone(pictures, alone, at_once):
    backend = OpenVinoBackend(WEIGHTS, 1, at_once=at_once)
    np.testing.assert_allclose(backend.run(pictures), alone, atol=1e-3)
    np.testing.assert_allclose(backend.run(pictures[:1]), alone[:1], atol=1e-3)


def test_callers_at_the_same_time_do_not_get_one_anothers_answers(pictures, alone):
    backend = OpenVinoBackend(WEIGHTS, 1, at_once=2)
    turns = [n % 5 for n in range(60)]
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(lambda n: backend.run(pictures[n : n + 1])[0], turns))
    for n, answer in zip(turns, answers, strict=True):
        np.testing.assert_allclose(answer, alone[n], atol=1e-3)


@pytest.mark.parametrize(
    ("told", "cores"), [("100000 100000\n", 1), ("50000 100000\n", 1), ("max 100000\n", None)]
)
def test_a_containers_quota_counts(tmp_path, monkeypatch, told, cores):
    (tmp_path / "cpu.max").write_text(told)
    monkeypatch.setattr(cpu, "_QUOTA", tmp_path / "cpu.max")
    assert usable_cores() == (cores or len(os.sched_getaffinity(0)))
    assert LooksConfig().threads == min(64, usable_cores())


def test_without_a_quota_it_is_the_cores_the_process_is_bound_to(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "_QUOTA", tmp_path / "none")
    assert usable_cores() == len(os.sched_getaffinity(0))
