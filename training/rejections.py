"""Rejected places that a candidate was taught as hard negatives: could it tell them from labels?

Training pulls scores at rejected places down and scores at labels up. Where the rejected things
differ from what is labelled, as a tub differs from an open manhole, the two come apart. Where they
are the same kind of thing, each step for the one is a step against the other, and they stay
together: somebody was wrong, or nobody can learn the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from detector.inference.overlap import iou_matrix
from training.comparison import GateRule, Side
from training.dataset import Dataset
from training.evaluate import Seen
from training.judged import Judged

_OVERLAP: Final = 0.5
_FLOOR: Final = 0.02  # a score's logit is taken between this and 1 minus this
_NAMED: Final = 5  # places that a reason names


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """Rejected places of one class by one reviewer, that the running model takes for the class.

    `apart` is the share of pairs of one such place and one label in which the place lost more
    score (as a logit) than the label, from the running model to the candidate: 0.5 where training
    moved both alike, 1 where it told them apart. The rank-sum statistic of Mann and Whitney (1947).
    """

    by: str  # who rejected them; several names, where each rejected few
    name: str  # the class that the running model takes them for
    places: int
    still_found: int  # by the candidate at its own threshold
    labels: int  # of the class, found by the running model too
    apart: float
    low: float  # 95 % bootstrap interval over places and labels
    high: float
    least: float  # `low` has to be above this
    decides: bool  # False: too few places or labels
    doubtful: tuple[str, ...]  # incidents of the places still found, the least moved first

    @property
    def contradicts(self) -> bool:
        """The labels say otherwise."""
        return self.decides and self.low <= self.least

    @property
    def reason(self) -> str:
        """For people."""
        named = ", ".join(self.doubtful[:_NAMED]) or "none"
        return (
            f"{self.name}: {self.places} places that {self.by} rejected came apart from "
            f"{self.labels} labels by {self.apart:.2f} only ({self.low:.2f} to {self.high:.2f}; "
            f"0.5: not at all), and {self.still_found} are still found. These verdicts contradict "
            f"the other labels; have them looked at a second time, first: {named}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A place that the running model takes for the class `called`."""

    by: str
    incident: str
    called: str
    denied: tuple[str, ...]  # classes that the verdict says are not there
    drop: float  # in logits, from the running model to the candidate
    found: bool  # by the candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One picture as both models see it."""

    dataset: Dataset
    side: Side
    old: Seen
    new: Seen

    def scores(self, corners: np.ndarray, classes: Sequence[str]) -> tuple[float, float]:
        """The highest score of these classes at a place: running model, candidate."""
        ids = [self.dataset.classes.index(name) for name in classes]
        old, new = (_score_at(seen, corners, ids) for seen in (self.old, self.new))
        return old, new


@dataclass(slots=True, kw_only=True)
class _Group:
    """Places of some reviewers under the same denied classes."""

    by: list[str] = field(default_factory=list)
    places: list[_Place] = field(default_factory=list)


def rejections(dataset: Dataset, side: Side, rule: GateRule) -> tuple[Rejections, ...]:
    """By class and reviewer, from pictures that the candidate learned from."""
    pairs = [
        _Pair(dataset=dataset, side=side, old=old, new=new)
        for old, new in zip(side.running, side.candidate, strict=True)
    ]
    places = [place for pair in pairs for place in _rejected_in(pair)]
    kinds = dict.fromkeys((place.called, place.denied) for place in places)
    found = []
    for called, denied in kinds:
        alike = [place for place in places if (place.called, place.denied) == (called, denied)]
        for group in _by_reviewer(alike, rule.places):
            labels = [
                drop for pair in pairs for drop in _label_drops(pair, called, denied, group.by)
            ]
            found.append(_told(called, group, labels, rule))
    return tuple(found)


def _rejected_in(pair: _Pair) -> Iterator[_Place]:
    for item in pair.old.entry.judged:
        if not item.rejected:
            continue
        denied = tuple(n for n in item.classes if n != item.label and n in pair.dataset.classes)
        called = _called(pair, item, denied)
        if called is None:
            continue
        corners = _pixels(pair.old, item)
        limits = pair.side.candidate_thresholds
        yield _Place(
            by=item.by,
            incident=item.incident,
            called=called,
            denied=denied,
            drop=_drop(*pair.scores(corners, denied)),
            found=any(pair.scores(corners, (name,))[1] >= limits[name] for name in denied),
        )


def _called(pair: _Pair, item: Judged, denied: Sequence[str]) -> str | None:
    """What the running model takes the place for, of what it is not."""
    corners = _pixels(pair.old, item)
    scores = {name: pair.scores(corners, (name,))[0] for name in denied}
    over = [name for name in denied if scores[name] >= pair.side.running_thresholds[name]]
    return max(over, key=lambda name: scores[name], default=None)


def _by_reviewer(places: Sequence[_Place], least: int) -> list[_Group]:
    """One group for each reviewer of enough places, and one for all others together."""
    groups, others = [], _Group()
    for name in sorted({place.by for place in places}):
        own = [place for place in places if place.by == name]
        if len(own) >= least:
            groups.append(_Group(by=[name], places=own))
        else:
            others.by.append(name)
            others.places += own
    return [*groups, others] if others.places else groups


def _label_drops(
    pair: _Pair, called: str, denied: Sequence[str], reviewers: Sequence[str]
) -> Iterator[float]:
    """At labels of the class that the running model finds and that none of these people gave."""
    own = pair.old.entry.judged
    if own:
        boxes = [
            _pixels(pair.old, item)
            for item in own
            if item.label == called and not item.rejected and item.by not in reviewers
        ]
    else:
        boxes = list(pair.old.corners_of([pair.dataset.classes.index(called)]))
    limit = pair.side.running_thresholds[called]
    for corners in boxes:
        if pair.scores(corners, (called,))[0] >= limit:
            yield _drop(*pair.scores(corners, denied))


def _told(called: str, group: _Group, labels: Sequence[float], rule: GateRule) -> Rejections:
    drops = np.array([place.drop for place in group.places])
    apart, low, high = _apart(drops, np.array(labels), rule)
    still = sorted((place for place in group.places if place.found), key=lambda one: one.drop)
    return Rejections(
        by=", ".join(group.by),
        name=called,
        places=len(drops),
        still_found=len(still),
        labels=len(labels),
        apart=apart,
        low=low,
        high=high,
        least=rule.apart,
        decides=min(len(drops), len(labels)) >= rule.places,
        doubtful=tuple(place.incident for place in still),
    )


def _apart(places: np.ndarray, labels: np.ndarray, rule: GateRule) -> tuple[float, float, float]:
    """With its 95 % interval; 0.5 of 0 to 1 without labels."""
    if not len(labels):
        return 0.5, 0.0, 1.0
    chance = np.random.default_rng(rule.seed)
    drawn = [
        _rank_share(chance.choice(places, len(places)), chance.choice(labels, len(labels)))
        for _ in range(rule.rounds)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5]).round(4).tolist()
    return round(_rank_share(places, labels), 4), low, high


def _rank_share(places: np.ndarray, labels: np.ndarray) -> float:
    above = places[:, None] > labels[None]
    level = places[:, None] == labels[None]
    return float((above + 0.5 * level).mean())


def _drop(old: float, new: float) -> float:
    return _logit(old) - _logit(new)


def _logit(score: float) -> float:
    kept = float(np.clip(score, _FLOOR, 1 - _FLOOR))
    return float(np.log(kept / (1 - kept)))


def _score_at(seen: Seen, corners: np.ndarray, ids: Sequence[int]) -> float:
    found = seen.predictions
    if not len(found.score):
        return 0.0
    near = iou_matrix(found.xyxy, corners[None])[:, 0] >= _OVERLAP
    return float(found.score[near & np.isin(found.class_id, ids)].max(initial=0.0))


def _pixels(seen: Seen, item: Judged) -> np.ndarray:
    size = np.array([seen.width, seen.height, seen.width, seen.height], float)
    return np.asarray(np.array(item.box.as_tuple()) * size)
