from pathlib import Path

from training.picture_set import Picture, PictureSet, site_of
from training.split import SplitRule, split_pictures


def picture(name: str, site: str, origin: str = "here") -> Picture:
    return Picture(path=Path(f"{name}.jpg"), set_name="set", origin=origin, site=site)


def test_a_site_stays_on_one_side() -> None:
    pictures = [picture(str(n), f"site{n // 5}") for n in range(100)]
    sides = split_pictures(pictures, [n << 40 for n in range(100)], SplitRule(val_every=4))
    for start in range(0, 100, 5):
        assert len(set(sides[start : start + 5])) == 1


def test_near_duplicates_stay_on_one_side() -> None:
    pictures = [picture("a", "one", "held"), picture("b", "two")]
    assert split_pictures(pictures, [0b111, 0b110], SplitRule(val_origins=("held",))) == [
        "val",
        "val",
    ]
    far = [0, (1 << 64) - 1]
    assert split_pictures(pictures, far, SplitRule(val_origins=("held",))) == ["val", "train"]


def test_neighbouring_numbers_share_a_site_over_old_split_words() -> None:
    source = PictureSet(name="s", folder="f", licence="l", block=10)
    assert site_of(source, "x_train_picture_31") == site_of(source, "x_val_picture_39")
    assert site_of(source, "x_train_picture_31") != site_of(source, "x_val_picture_40")
