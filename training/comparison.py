"""Figures of a candidate beside the running model's, over the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.dataset import Dataset
from training.evaluate import Seen, match_seen
from training.match import PictureMatch, average_precision

AP50: Final = "AP50"
FALSE_ALARMS: Final = "false alarms a picture"
RECALL: Final = "recall at the threshold"
LEARNED: Final = "learned"
"""Side of a report: pictures that the candidate was trained on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One class, or several taken as one: one figure of both models and of their difference."""

    side: str  # frozen, newest or learned
    name: str
    figure: str
    pictures: int
    labels: int
    running: float
    running_low: float  # 95 % intervals over pictures
    running_high: float
    candidate: float
    candidate_low: float
    candidate_high: float
    low: float  # candidate minus running, pictures drawn in pairs
    high: float
    decides: bool  # False: too few labels

    @property
    def better(self) -> str:
        return "lower" if self.figure == FALSE_ALARMS else "higher"

    @property
    def worse(self) -> bool:
        """Worse beyond the interval."""
        return self.high < 0 if self.better == "higher" else self.low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """What is compared."""

    merged: tuple[str, ...] = ()  # classes also compared as one
    labels: int = 5  # with fewer labels on a side the AP50 of a class decides nothing there
    places: int = 8  # fewer rejected places of one reviewer are taken together with other people's
    apart: float = 0.75  # how far rejected places must come apart from labels: training.rejections
    rounds: int = 500  # bootstrap rounds
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What both models saw of the same pictures."""

    name: str  # frozen, newest or learned
    running: tuple[Seen, ...]
    candidate: tuple[Seen, ...]
    running_thresholds: dict[str, float]
    candidate_thresholds: dict[str, float]


def compare(dataset: Dataset, side: Side, rule: GateRule) -> tuple[Comparison, ...]:
    """AP50 of every class and the merged ones, and false alarms, over all origins."""
    groups: list[tuple[str, ...]] = [(name,) for name in dataset.classes]
    if rule.merged:
        groups.append(rule.merged)
    found = []
    for group in groups:
        pairs = _pairs(dataset, side, group)
        if not pairs:
            continue
        if sum(one.labels for one, _ in pairs):
            found.append(_ap50_compared(side, group, pairs, rule))
        if len(group) == 1:
            found.append(_false_alarms_compared(side, group[0], pairs, rule))
    return tuple(found)


def compare_recall(dataset: Dataset, side: Side, rule: GateRule) -> tuple[Comparison, ...]:
    """Of each class' labels, the share that each model finds at its own threshold."""
    found = []
    for name in dataset.classes:
        pairs = _pairs(dataset, side, (name,))
        if sum(one.labels for one, _ in pairs):
            found.append(_recall_compared(side, name, pairs, rule))
    return tuple(found)


def _pairs(
    dataset: Dataset, side: Side, group: tuple[str, ...]
) -> list[tuple[PictureMatch, PictureMatch]]:
    """Matches of both models in the pictures in which these classes are labelled."""
    return [
        (match_seen(dataset, one, group), match_seen(dataset, other, group))
        for one, other in zip(side.running, side.candidate, strict=True)
        if set(group) <= set(one.entry.labelled)
    ]


def _recall_compared(
    side: Side, name: str, pairs: Sequence[tuple[PictureMatch, ...]], rule: GateRule
) -> Comparison:
    limits = (side.running_thresholds[name], side.candidate_thresholds[name])
    found = np.array(
        [
            [
                ((match.score >= limit) & match.hit[:, 0]).sum()
                for match, limit in zip(pair, limits, strict=True)
            ]
            for pair in pairs
        ],
        float,
    )
    labels = np.array([pair[0].labels for pair in pairs], float)
    chance = np.random.default_rng(rule.seed)
    drawn = []
    for _ in range(rule.rounds):
        rows = chance.integers(0, len(pairs), len(pairs))
        if labels[rows].sum():
            drawn.append(found[rows].sum(0) / labels[rows].sum())
    old, new = (found.sum(0) / labels.sum()).tolist()
    count = int(labels.sum())
    decides = count >= rule.labels
    return _comparison(side, name, RECALL, len(pairs), count, (old, new), drawn, decides)


def _ap50_compared(
    side: Side, group: tuple[str, ...], pairs: Sequence[tuple[PictureMatch, ...]], rule: GateRule
) -> Comparison:
    labels = sum(pair[0].labels for pair in pairs)
    chance = np.random.default_rng(rule.seed)
    drawn = []
    for _ in range(rule.rounds):
        rows = [pairs[index] for index in chance.integers(0, len(pairs), len(pairs))]
        if sum(row[0].labels for row in rows):
            drawn.append((_ap50(rows, 0), _ap50(rows, 1)))
    decides = labels >= rule.labels
    values = (_ap50(pairs, 0), _ap50(pairs, 1))
    return _comparison(side, "+".join(group), AP50, len(pairs), labels, values, drawn, decides)


def _false_alarms_compared(
    side: Side, name: str, pairs: Sequence[tuple[PictureMatch, ...]], rule: GateRule
) -> Comparison:
    limits = (side.running_thresholds[name], side.candidate_thresholds[name])
    counts = np.array(
        [
            [
                ((match.score >= limit) & ~match.hit[:, 0]).sum()
                for match, limit in zip(pair, limits, strict=True)
            ]
            for pair in pairs
        ],
        float,
    )
    chance = np.random.default_rng(rule.seed)
    drawn = counts[chance.integers(0, len(counts), (rule.rounds, len(counts)))].mean(1)
    labels = sum(pair[0].labels for pair in pairs)
    old, new = counts.mean(0).tolist()
    return _comparison(
        side, name, FALSE_ALARMS, len(pairs), labels, (old, new), drawn.tolist(), True
    )


def _comparison(
    side: Side,
    name: str,
    figure: str,
    pictures: int,
    labels: int,
    values: tuple[float, float],
    drawn: Sequence[Sequence[float] | np.ndarray],
    decides: bool,
) -> Comparison:
    rows = np.array(drawn, float)
    columns = (rows[:, 0], rows[:, 1], rows[:, 1] - rows[:, 0])
    bounds = [np.percentile(column, [2.5, 97.5]).round(4).tolist() for column in columns]
    return Comparison(
        side=side.name,
        name=name,
        figure=figure,
        pictures=pictures,
        labels=labels,
        running=round(values[0], 4),
        running_low=bounds[0][0],
        running_high=bounds[0][1],
        candidate=round(values[1], 4),
        candidate_low=bounds[1][0],
        candidate_high=bounds[1][1],
        low=bounds[2][0],
        high=bounds[2][1],
        decides=decides,
    )


def _ap50(pairs: Sequence[tuple[PictureMatch, ...]], which: int) -> float:
    return average_precision([pair[which] for pair in pairs])[0]
