"""A small dataset of pictures made here."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from training.dataset import BuildConfig, build_dataset
from training.picture_set import PictureSet
from training.split import SplitRule


def build_made(
    root: Path, source: PictureSet, model: str, count: int, draw: Callable[[int, np.ndarray], str]
) -> Path:
    """Builds it of smooth pictures, 300 by 200, a quarter of which judge; `draw` paints in each and
    returns the text of its labels."""
    chance = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (root / source.folder / kind).mkdir(parents=True)
    for number in range(count):
        coarse = chance.integers(90, 200, (6, 9, 3), np.uint8)
        image = cv2.resize(coarse, (300, 200), interpolation=cv2.INTER_CUBIC)
        label = draw(number, image)
        cv2.imwrite(str(root / source.folder / "images" / f"p_{number}.png"), image)
        (root / source.folder / "labels" / f"p_{number}.txt").write_text(label)
    config = BuildConfig(model=model, root=root, out=root / "out", split=SplitRule(val_every=4))
    build_dataset(config, [source])
    return root / "out"
