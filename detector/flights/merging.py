"""Sightings of several pictures put together on the ground: one thing, one finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from detector.flights.sighting import Sighting

_SAME = 0.3  # share of the smaller outline that must lie on the larger
_MIN_SCORE = 0.2
_SIDE_M = 0.15  # how exactly one side of an outline is placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One changed structure. `came` and `went` are means over all pictures that show the place;
    `sightings` stand in order, best view first."""

    outline: Polygon
    area_m2: float
    area_error_m2: float
    spread_m: float  # how far the sightings' middles lie apart, root mean square
    came: float
    went: float
    class_name: str
    sightings: tuple[Sighting, ...]
    shown_in: int

    @property
    def new(self) -> bool:
        return self.came >= self.went


def merge(
    sightings: Sequence[Sighting], seen: Sequence[BaseGeometry], min_area_m2: float
) -> list[Merged]:
    """Clusters overlapping sightings of one kind (came or went); `seen` is one area a picture."""
    found = []
    for new in (True, False):
        kind = [s for s in sightings if (s.came >= s.went) == new and _score(s) >= _MIN_SCORE]
        found += [
            one for group in _groups(kind) if (one := _one(group, seen)).area_m2 >= min_area_m2
        ]
    return without_doubles(found)


def _score(sighting: Sighting) -> float:
    return max(sighting.came, sighting.went)


def _groups(sightings: Sequence[Sighting]) -> list[list[Sighting]]:
    """Groups around the best sighting first, so that no chain of overlaps grows."""
    rest = sorted(sightings, key=lambda s: -_score(s) * (0.2 + s.quality))
    outlines = [s.outline for s in rest]
    tree, taken = STRtree(outlines), [False] * len(rest)
    groups = []
    for i, seed in enumerate(outlines):
        if taken[i]:
            continue
        group = []
        for j in sorted(int(k) for k in tree.query(seed)):
            smaller = min(seed.area, outlines[j].area)
            if not taken[j] and seed.intersection(outlines[j]).area >= _SAME * smaller:
                taken[j] = True
                group.append(rest[j])
        groups.append(group)
    return groups


def _one(group: list[Sighting], seen: Sequence[BaseGeometry]) -> Merged:
    best = group[0]
    by_picture: dict[str, Sighting] = {}
    for sighting in group:
        by_picture.setdefault(sighting.picture, sighting)
    kept = list(by_picture.values())
    weights = np.array([(0.1 + s.quality) * (0.1 + _score(s)) for s in kept])
    middles = np.array([s.outline.centroid.coords[0] for s in kept])
    middle = _weighted_median(middles, weights)
    areas = np.array([s.area_m2 for s in kept])
    area_m2 = float(_weighted_median(areas[:, None], weights)[0])
    shown_in = max(sum(area.covers(Point(middle)) for area in seen), len(kept))
    outline = _placed(best.outline, middle, area_m2)
    scatter = float(np.sqrt(np.average(((middles - middle) ** 2).sum(axis=1), weights=weights)))
    return Merged(
        outline=outline,
        area_m2=area_m2,
        area_error_m2=area_error_m2(outline, areas),
        spread_m=scatter,
        came=sum(s.came for s in kept) / shown_in,
        went=sum(s.went for s in kept) / shown_in,
        class_name=best.class_name,
        sightings=tuple(kept),
        shown_in=shown_in,
    )


def _weighted_median(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Column by column."""
    found = []
    for column in values.T:
        order = np.argsort(column)
        total = np.cumsum(weights[order])
        found.append(column[order][int(np.searchsorted(total, total[-1] / 2))])
    return np.array(found, np.float64)


def _placed(outline: Polygon, middle: NDArray[np.float64], area_m2: float) -> Polygon:
    """The outline's form with another middle and size."""
    ring = np.array(outline.exterior.coords)
    own = np.array(outline.centroid.coords[0])
    return Polygon((ring - own) * np.sqrt(area_m2 / outline.area) + middle)


def area_error_m2(outline: Polygon, areas: NDArray[np.float64]) -> float:
    """95 %: from how exactly sides are placed, and from how far the sightings disagree."""
    sides = outline.length / 2 * _SIDE_M
    scatter = float(areas.std() / np.sqrt(len(areas))) if len(areas) > 1 else outline.area * 0.15
    return float(2 * np.hypot(sides, scatter))


def without_doubles(found: list[Merged]) -> list[Merged]:
    """Where two findings share their ground only the surer one stays."""
    kept: list[Merged] = []
    for one in sorted(found, key=lambda m: -max(m.came, m.went)):
        area = one.outline
        if all(
            area.intersection(k.outline).area < _SAME * min(area.area, k.outline.area) for k in kept
        ):
            kept.append(one)
    return kept
