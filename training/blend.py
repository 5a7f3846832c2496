"""A retrained network is brought back part of the way to the weights that it started from."""

from __future__ import annotations

from pathlib import Path

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
    network, _ = load_run(checkpoint)
    before = load_checkpoint(start).model.state_dict()
    mixed = {
        name: keep * before[name].float() + (1 - keep) * value
        if value.is_floating_point()
        else value
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(mixed)
    return save_as_pt(network, out / FILE)
