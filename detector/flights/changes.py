"""Changed structures of a flight, out of what all of its pictures say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon

from detector.flights.candidate import CandidateConfig
from detector.flights.fusing import Fused, Source, fraction, fuse
from detector.flights.ground_window import GroundWindow
from detector.flights.judged import Judged, judge
from detector.flights.likelihood import STEPS, Likelihood
from detector.flights.mask import Mask, widened
from detector.flights.merging import Merged, area_error_m2, without_doubles
from detector.flights.outline import unbounded
from detector.flights.parallax import Rise, Shown, rise
from detector.flights.repainting import repainted
from detector.flights.sighting import Sighting

_HEM_M = 6.0  # ground around a piece, on which paint would go on
_NEAR = 5  # cells: side of what widens a piece by its own hem; a neighbour's ground pulls no middle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Piece:
    """A judged piece with the window around it. `core` (H, W) of that window."""

    judged: Judged
    outline: Polygon  # metres
    window: GroundWindow
    core: Mask


def changes(
    sources: Mapping[str, Source], config: CandidateConfig, min_score: float
) -> list[Merged]:
    """What came and what went; `sources` by the picture's name. Surest first."""
    if not sources:
        return []
    fused = fuse(list(sources.values()))
    cell_m = fused.window.cell_m
    pieces = [
        _piece(one, fused)
        for one in judge(fraction(fused.came), fraction(fused.went), cell_m, config)
        if max(one.came, one.went) >= min_score
    ]
    looks: list[list[_Look]] = [[] for _ in pieces]
    for name, source in sources.items():
        near = [i for i, piece in enumerate(pieces) if piece.window.common(source.window)]
        if near:
            seen = source.read()
            for i in near:
                look = _look(name, pieces[i], source, seen)
                if look is not None:
                    looks[i].append(look)
    return without_doubles(
        [
            _merged(piece, seen, config)
            for piece, seen in zip(pieces, looks, strict=True)
            if seen and not (piece.judged.new and _is_none(piece, seen))
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """A piece as one picture shows it. `own`: of `came` and `went`, what the piece is; `middle`: of
    what it holds likely there, metres."""

    picture: str
    came: float
    went: float
    own: float
    quality: float
    middle: tuple[float, float]
    repainted: bool  # told of what came only
    shown: Shown


def _piece(one: Judged, fused: Fused) -> _Piece:
    rows, columns = one.inside
    hem = round(_HEM_M / fused.window.cell_m)
    top, left = int(rows.min()) - hem, int(columns.min()) - hem
    height, width = int(rows.max()) + hem + 1 - top, int(columns.max()) + hem + 1 - left
    window = fused.window.part(top, left, height, width)
    core = np.zeros((height, width), np.bool_)
    core[rows - top, columns - left] = True
    outline = Polygon(fused.window.to_ground(one.corners))
    return _Piece(judged=one, outline=outline, window=window, core=core)


def _look(picture: str, piece: _Piece, source: Source, seen: Likelihood) -> _Look | None:
    """None where the picture does not show the piece's whole core."""
    shared = piece.window.common(seen.window)
    if shared is None:
        return None
    here, there = piece.window.place(shared), seen.window.place(shared)

    def shown(plane: NDArray[Any], one: int) -> NDArray[np.float32]:
        """Of the piece's window, with `one` as 1; 0 where the picture does not reach."""
        part = np.zeros(piece.core.shape, np.float32)
        part[here] = plane[there].astype(np.float32) / np.float32(one)
        return part

    weight = shown(seen.weight, 255)
    if not (weight[piece.core] > 0).all():
        return None
    came, went = shown(seen.came, 255), shown(seen.went, 255)
    before, after = (
        np.stack([shown(plane, STEPS) for plane in day]) for day in (seen.before, seen.after)
    )
    hue = after[1:] - before[1:]
    own = came if piece.judged.new else went
    return _Look(
        picture=picture,
        came=float(came[piece.core].mean()),
        went=float(went[piece.core].mean()),
        own=float(own[piece.core].mean()),
        quality=float(np.median(weight[piece.core])),
        middle=_middle(own * widened(piece.core, _NEAR), piece),
        repainted=piece.judged.new and repainted(piece.core, hue, came, weight > 0),
        shown=Shown(after=after, lean_px=_lean_px(piece, source)),
    )


def _lean_px(piece: _Piece, source: Source) -> NDArray[np.float64]:
    """Columns and rows; north is up."""
    lean = source.lean.at(np.array(piece.outline.centroid.coords[0]))
    return lean * (1, -1) / piece.window.cell_m


def _is_none(piece: _Piece, looks: Sequence[_Look]) -> bool:
    """Whether a piece has no height and so is no structure. Where its pictures cannot tell: whether
    more than half of them show paint, by its colour, or light, by its outline."""
    height = rise(piece.core, [look.shown for look in looks], piece.window.cell_m)
    if height is Rise.UNKNOWN:
        against = (look.repainted or unbounded(piece.core, look.shown.after) for look in looks)
        return sum(against) > len(looks) / 2
    return height is Rise.FLAT


def _middle(own: NDArray[np.float32], piece: _Piece) -> tuple[float, float]:
    total = float(own.sum())
    if total <= 0:
        spot = piece.outline.centroid
        return spot.x, spot.y
    rows, columns = np.indices(own.shape)
    cell = np.array([float((own * columns).sum()), float((own * rows).sum())]) / total
    east, north = piece.window.to_ground(cell)
    return float(east), float(north)


def _merged(piece: _Piece, looks: Sequence[_Look], config: CandidateConfig) -> Merged:
    one = piece.judged
    surest = sorted(looks, key=lambda look: -look.own)
    likely = [look for look in surest if look.own >= config.probability]
    sightings = tuple(_sighting(piece, look) for look in likely or surest[:1])
    return Merged(
        outline=piece.outline,
        area_m2=one.area_m2,
        area_error_m2=area_error_m2(piece.outline, np.array([one.area_m2])),
        spread_m=_spread_m(sightings),
        came=one.came,
        went=one.went,
        class_name="rooftop_shed",
        sightings=sightings,
        shown_in=len(looks),
    )


def _sighting(piece: _Piece, look: _Look) -> Sighting:
    spot = piece.outline.centroid
    ring = np.array(piece.outline.exterior.coords) + np.array(look.middle) - (spot.x, spot.y)
    return Sighting(
        picture=look.picture,
        ring=tuple((float(e), float(n)) for e, n in ring),
        area_m2=piece.judged.area_m2,
        came=look.came,
        went=look.went,
        quality=look.quality,
        class_name="rooftop_shed",
    )


def _spread_m(sightings: Sequence[Sighting]) -> float:
    middles = np.array([s.outline.centroid.coords[0] for s in sightings])
    return float(np.sqrt(((middles - middles.mean(axis=0)) ** 2).sum(axis=1).mean()))
