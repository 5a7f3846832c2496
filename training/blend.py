"""Weights are mixed: a retrained network's with those it started from, or those of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.checkpoint import load_checkpoint, load_run, save_as_pt

FILE = "blended.pt"


def last_epoch(run: Path) -> Path:
    """The checkpoint of a training's last epoch in its folder."""
    return run / "run" / "weights" / "last.pt"


def result_of(run: Path) -> Path:
    """What a training came to: blended weights where it kept some of its start, else its last."""
    blended = run / FILE
    return blended if blended.exists() else last_epoch(run)


def blend(checkpoint: Path, start: Path, keep: float, out: Path) -> Path:
    """Mixes a run's averaged weights with those of the release in the folder `start`.

    `keep` (0 to 1) is the release's share. Between two networks of which one was trained on from
    the other, the mean keeps most of what both know: Wortsman et al., Robust fine-tuning of
    zero-shot models (CVPR 2022). Returns a checkpoint that `load_run` reads.
    """
    trained, _ = load_run(checkpoint)
    return _mixed([(1 - keep, trained), (keep, load_checkpoint(start).model)], out)


def mean(runs: Sequence[Path], out: Path, start: Path | None = None) -> Path:
    """The mean of what trainings in these folders came to, of one network and from one start, and
    of the release in the folder `start`, where one is named.

    Wortsman et al., Model soups (ICML 2022). Returns a checkpoint that `load_run` reads, in `out`
    as if that were a training's folder. Raises ValueError for networks of different sizes.
    """
    networks: list[Any] = [load_run(result_of(run))[0] for run in runs]
    if start is not None:
        networks.append(load_checkpoint(start).model)
    out.mkdir(parents=True, exist_ok=True)
    return _mixed([(1 / len(networks), network) for network in networks], out)


def _mixed(parts: Sequence[tuple[float, Any]], out: Path) -> Path:
    """By their shares, which sum to one. What is no number that was learned is the first one's."""
    states = [(share, network.state_dict()) for share, network in parts]
    first, network = states[0][1], parts[0][1]
    shapes = [{name: value.shape for name, value in state.items()} for _, state in states]
    if any(other != shapes[0] for other in shapes):
        raise ValueError("networks of different sizes or classes have no mean")
    mixed = {
        name: sum(share * state[name].float() for share, state in states)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }
    network.load_state_dict(mixed)
    return save_as_pt(network, out / FILE)
