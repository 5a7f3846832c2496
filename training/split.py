"""Splits that do not leak: whole sites, and near-duplicates, stay on one side.

Pictures whose set fixes their side keep it, and where near-duplicates then stand on two sides, the
one on the weaker side is left out: frozen pictures are never given up, newest ones first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from training.phash import NEAR_BITS, bits_apart, near_pairs
from training.picture_set import Picture

LEFT_OUT: Final = "out"
"""Side of a picture that stands nowhere."""

_SAME_PLACE_IOU: Final = 0.3
_STRENGTH: Final = {"val": 3, "train": 2, "newest": 1, LEFT_OUT: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRule:
    """How pictures are divided into training and validation."""

    val_origins: tuple[str, ...] = ()  # these origins are held out whole
    val_every: int = 0  # of the other origins, one site in this many is held out; 0: none
    fold: int = 0  # which of them, 0 … val_every - 1

    def __post_init__(self) -> None:
        if self.val_every < 0 or (self.val_every and not 0 <= self.fold < self.val_every):
            raise ValueError(f"fold {self.fold} is outside 0 … {self.val_every - 1}")


def split_pictures(
    pictures: Sequence[Picture],
    hashes: Sequence[int],
    rule: SplitRule,
    places: Sequence[Sequence[int]] = (),
) -> list[str]:
    """The side of each picture: train, val, newest or out.

    `places` are the hashes of each picture's judged places, in their order. Pictures of one fixed
    camera look alike, so those whose side is fixed are compared with each other by these.
    """
    free = [index for index, picture in enumerate(pictures) if picture.side is None]
    sides: list[str] = [picture.side or "" for picture in pictures]
    chosen = [pictures[index] for index in free]
    clusters = clusters_of(chosen, [hashes[index] for index in free])
    held = {clusters[i] for i, picture in enumerate(chosen) if _held_out(picture, rule)}
    for index, cluster in zip(free, clusters, strict=True):
        sides[index] = "val" if cluster in held else "train"
    if len(free) < len(pictures):
        for first, second in _alike(pictures, hashes, places):
            _part(sides, first, second)
    return sides


def clusters_of(pictures: Sequence[Picture], hashes: Sequence[int]) -> list[int]:
    """A cluster number for each picture; pictures of one site or of near-equal looks share it."""
    parent = list(range(len(pictures)))
    first_of_site: dict[str, int] = {}
    for index, picture in enumerate(pictures):
        _join(parent, first_of_site.setdefault(picture.site, index), index)
    for first, second in near_pairs(list(hashes)):
        _join(parent, first, second)
    return [_root(parent, index) for index in range(len(pictures))]


def _alike(
    pictures: Sequence[Picture], hashes: Sequence[int], places: Sequence[Sequence[int]]
) -> Iterator[tuple[int, int]]:
    """Pairs of near-duplicates with a fixed side on at least one hand."""
    for first, second in near_pairs(list(hashes)):
        if (pictures[first].side is None) != (pictures[second].side is None):
            yield first, second
    rows = [
        (index, number, value)
        for index, picture in enumerate(pictures)
        if picture.side is not None
        for number, value in enumerate(places[index] if places else ())
    ]
    for one, other in near_pairs([value for _, _, value in rows]):
        here, there = (rows[one][0], rows[one][1]), (rows[other][0], rows[other][1])
        if _one_place(pictures, hashes, here, there):
            yield here[0], there[0]


def _one_place(
    pictures: Sequence[Picture],
    hashes: Sequence[int],
    one: tuple[int, int],
    other: tuple[int, int],
) -> bool:
    """True where two judged places lie on each other in the same camera's view, or in one that
    looks the same."""
    first, second = pictures[one[0]], pictures[other[0]]
    box = (first.judged or ())[one[1]].box
    if box.iou((second.judged or ())[other[1]].box) < _SAME_PLACE_IOU:
        return False
    same_camera = first.site.rpartition("/")[0] == second.site.rpartition("/")[0]
    return same_camera or bits_apart(hashes[one[0]], hashes[other[0]]) <= NEAR_BITS


def _part(sides: list[str], first: int, second: int) -> None:
    one, other = sides[first], sides[second]
    if one == other or LEFT_OUT in (one, other):
        return
    sides[first if _STRENGTH[one] < _STRENGTH[other] else second] = LEFT_OUT


def _held_out(picture: Picture, rule: SplitRule) -> bool:
    if picture.origin in rule.val_origins:
        return True
    if not rule.val_every:
        return False
    digest = hashlib.sha256(picture.site.encode()).digest()
    return int.from_bytes(digest[:4], "big") % rule.val_every == rule.fold


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _join(parent: list[int], first: int, second: int) -> None:
    first, second = _root(parent, first), _root(parent, second)
    parent[max(first, second)] = min(first, second)
