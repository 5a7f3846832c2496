"""The gate before a release: a candidate against the running model.

Three things decide: AP50 of each class and false alarms a picture at each model's own thresholds,
on the frozen side of a dataset and on its newest reviewed footage; and incident figures of clips
that go through the real rules. A candidate that is worse in one of them beyond the 95 % interval of
the difference is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from training.dataset import Dataset
from training.evaluate import Seen, look, match_seen
from training.incident_figures import IncidentFigure
from training.match import PictureMatch, average_precision
from training.released import network_of, released_manifest

AP50: Final = "AP50"
FALSE_ALARMS: Final = "false alarms a picture"
SIDES: Final = {"val": "frozen", "newest": "newest"}
"""Side of a dataset -> its name in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One class, or several taken as one: one figure of both models and of their difference."""

    side: str  # frozen or newest
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
        return "higher" if self.figure == AP50 else "lower"

    @property
    def worse(self) -> bool:
        """Worse beyond the interval."""
        return self.high < 0 if self.better == "higher" else self.low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says."""

    dataset_sha256: str
    comparisons: tuple[Comparison, ...]
    incidents: tuple[IncidentFigure, ...]
    reasons: tuple[str, ...]  # empty: the candidate may be promoted

    @property
    def passed(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """What is compared."""

    merged: tuple[str, ...] = ()  # classes also compared as one
    labels: int = 5  # with fewer labels on a side the AP50 of a class decides nothing there
    rounds: int = 500  # bootstrap rounds
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What both models saw of the same pictures."""

    name: str  # frozen or newest
    running: tuple[Seen, ...]
    candidate: tuple[Seen, ...]
    running_thresholds: dict[str, float]
    candidate_thresholds: dict[str, float]


def judge(
    running: Path,
    candidate: Path,
    dataset: Path,
    rule: GateRule,
    incidents: Sequence[IncidentFigure] = (),
) -> Verdict:
    """Both models look at the dataset's frozen and newest side; each in its own input size."""
    described, sides = sides_of(running, candidate, dataset)
    reasons = class_reasons(running, candidate)
    found: tuple[Comparison, ...] = ()
    if not reasons:
        found = tuple(item for side in sides for item in compare(described, side, rule))
        reasons = reasons_of(found, rule, incidents)
    return Verdict(
        dataset_sha256=described.sha256,
        comparisons=found,
        incidents=tuple(incidents),
        reasons=reasons,
    )


def sides_of(running: Path, candidate: Path, dataset: Path) -> tuple[Dataset, list[Side]]:
    """Every side that the dataset has pictures of."""
    thresholds = [dict(released_manifest(folder).thresholds) for folder in (running, candidate)]
    sides = []
    for split, name in SIDES.items():
        described, old = look(dataset, network_of(running), split)
        if not old:
            continue
        sides.append(
            Side(
                name=name,
                running=tuple(old),
                candidate=tuple(look(dataset, network_of(candidate), split)[1]),
                running_thresholds=thresholds[0],
                candidate_thresholds=thresholds[1],
            )
        )
    return described, sides


def compare(dataset: Dataset, side: Side, rule: GateRule) -> tuple[Comparison, ...]:
    """Every class, and the merged ones, over all origins."""
    groups: list[tuple[str, ...]] = [(name,) for name in dataset.classes]
    if rule.merged:
        groups.append(rule.merged)
    found = []
    for group in groups:
        rows = [
            (one, other)
            for one, other in zip(side.running, side.candidate, strict=True)
            if set(group) <= set(one.entry.labelled)
        ]
        pairs = [tuple(match_seen(dataset, item, group) for item in row) for row in rows]
        if not pairs:
            continue
        if sum(one.labels for one, _ in pairs):
            found.append(_ap50_compared(side, group, pairs, rule))
        if len(group) == 1:
            found.append(_false_alarms_compared(side, group[0], pairs, rule))
    return tuple(found)


def reasons_of(
    comparisons: Sequence[Comparison],
    rule: GateRule,
    incidents: Sequence[IncidentFigure] = (),
) -> tuple[str, ...]:
    """Why the candidate may not be promoted; nothing when it may."""
    if not any(item.decides and item.figure == AP50 for item in comparisons):
        return (f"no class has {rule.labels} labels in the frozen set: it cannot decide",)
    worse = [
        f"{item.name}: {item.figure} {item.candidate:.3f} against {item.running:.3f} on the "
        f"{item.side} side, difference {item.low:+.3f} to {item.high:+.3f}"
        for item in comparisons
        if item.worse and item.decides
    ]
    worse += [
        f"{item.violation}: {item.figure} {item.candidate} against {item.running} "
        f"({item.running_low} to {item.running_high})"
        for item in incidents
        if item.worse
    ]
    return tuple(worse)


def class_reasons(running: Path, candidate: Path) -> tuple[str, ...]:
    """Models of different names or classes cannot take each other's place."""
    old, new = released_manifest(running), released_manifest(candidate)
    if (old.name, old.classes) == (new.name, new.classes):
        return ()
    return (
        f"{candidate} is {new.name} with {', '.join(new.classes)}; "
        f"running is {old.name} with {', '.join(old.classes)}",
    )


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
    drawn: Sequence[Sequence[float]],
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
