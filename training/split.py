"""Splits that do not leak: whole sites, and near-duplicates, stay on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from training.phash import near_pairs
from training.picture_set import Picture


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
    pictures: Sequence[Picture], hashes: Sequence[int], rule: SplitRule
) -> list[str]:
    """The side of each picture: train or val."""
    clusters = clusters_of(pictures, hashes)
    held = {index for index, picture in enumerate(pictures) if _held_out(picture, rule)}
    held_clusters = {clusters[index] for index in held}
    return ["val" if cluster in held_clusters else "train" for cluster in clusters]


def clusters_of(pictures: Sequence[Picture], hashes: Sequence[int]) -> list[int]:
    """A cluster number for each picture; pictures of one site or of near-equal looks share it."""
    parent = list(range(len(pictures)))
    first_of_site: dict[str, int] = {}
    for index, picture in enumerate(pictures):
        _join(parent, first_of_site.setdefault(picture.site, index), index)
    for first, second in near_pairs(list(hashes)):
        _join(parent, first, second)
    return [_root(parent, index) for index in range(len(pictures))]


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
