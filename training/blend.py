"""A retrained network is brought back part of the way to the weights that it started from."""

from __future__ import annotations

from pathlib import Path

from training.checkpoint import load_checkpoint, load_run, save_as_pt

FILE = "blended.pt"


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
