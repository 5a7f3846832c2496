"""No set's split leaks: sites and near-duplicates stand on one side, origins held out stay out."""

from pathlib import Path

import pytest

from training.catalogue import SETS_OF_MODEL
from training.phash import NEAR_BITS, bits_apart, hash_of_file
from training.picture_set import Picture, pictures_of
from training.split import SplitRule, split_pictures

HELD_OUT = {
    "covers": SplitRule(val_every=6),
    "street": SplitRule(val_every=6),
    "aerial": SplitRule(val_origins=("bogota_rgb", "bogota_3", "banepa_south", "kampala_west")),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(SETS_OF_MODEL))
def test_a_models_own_split_does_not_leak(shared: Path, model: str):
    pictures = [p for s in SETS_OF_MODEL[model] for p in pictures_of(s, shared.parent)]
    hashes = [hash_of_file(picture.path) for picture in pictures]
    sides = split_pictures(pictures, hashes, HELD_OUT[model])
    train = [index for index, side in enumerate(sides) if side == "train"]
    val = [index for index, side in enumerate(sides) if side == "val"]
    assert len(val) >= len(pictures) // 20
    assert not {pictures[i].site for i in train} & {pictures[i].site for i in val}
    near = [
        (pictures[i].path.name, pictures[j].path.name)
        for i in train
        for j in val
        if bits_apart(hashes[i], hashes[j]) <= NEAR_BITS
    ]
    assert near == []
    assert not {pictures[i].origin for i in train} & set(HELD_OUT[model].val_origins)


def test_a_near_duplicate_of_a_held_out_picture_is_held_out_too(tmp_path: Path):
    pictures = [
        Picture(path=tmp_path / f"{n}.jpg", set_name="s", origin=origin, site=f"s/{n}")
        for n, origin in enumerate(("far", "near", "near", "near"))
    ]
    hashes = [0, 0b111, 0b111111111, 2**64 - 1]  # 3 bits from the first; 6 from the second
    sides = split_pictures(pictures, hashes, SplitRule(val_origins=("far",)))
    assert sides == ["val", "val", "val", "train"]
