"""The gate before a release: a candidate against the running model on one frozen set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.dataset import Dataset
from training.evaluate import Seen, look, match_seen
from training.match import PictureMatch, average_precision
from training.released import network_of, released_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One class, or several taken as one, on one origin: AP50 of both and of their difference."""

    name: str
    origin: str  # "all" for every origin together
    labels: int
    running: float
    candidate: float
    low: float  # 95 % interval of candidate minus running, pictures drawn in pairs
    high: float

    @property
    def worse(self) -> bool:
        """Worse beyond the interval."""
        return self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says."""

    dataset_sha256: str
    comparisons: tuple[Comparison, ...]
    reasons: tuple[str, ...]  # empty: the candidate may be promoted

    @property
    def passed(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """What is compared."""

    merged: tuple[str, ...] = ()  # classes also compared as one
    labels: int = 5  # a class with fewer labels in the frozen set decides nothing
    rounds: int = 500  # bootstrap rounds
    seed: int = 0


def judge(running: Path, candidate: Path, dataset: Path, rule: GateRule) -> Verdict:
    """Both models look at the frozen set's validation side; each in its own input size."""
    described, old = look(dataset, network_of(running))
    _, new = look(dataset, network_of(candidate))
    reasons = _class_reasons(running, candidate)
    if reasons:
        return Verdict(dataset_sha256=described.sha256, comparisons=(), reasons=reasons)
    found = compare(described, old, new, rule)
    return Verdict(
        dataset_sha256=described.sha256,
        comparisons=found,
        reasons=reasons_of(found, rule),
    )


def compare(
    dataset: Dataset, old: Sequence[Seen], new: Sequence[Seen], rule: GateRule
) -> tuple[Comparison, ...]:
    """Every class, and the merged ones, over all origins."""
    groups: list[tuple[str, ...]] = [(name,) for name in dataset.classes]
    if rule.merged:
        groups.append(rule.merged)
    found = []
    for group in groups:
        pairs = [
            (match_seen(dataset, one, group), match_seen(dataset, other, group))
            for one, other in zip(old, new, strict=True)
            if set(group) <= set(one.entry.labelled)
        ]
        if sum(one.labels for one, _ in pairs):
            found.append(_compared("+".join(group), pairs, rule))
    return tuple(found)


def reasons_of(comparisons: Sequence[Comparison], rule: GateRule) -> tuple[str, ...]:
    """Why the candidate may not be promoted; nothing when it may."""
    if not any(item.labels >= rule.labels for item in comparisons):
        return (f"no class has {rule.labels} labels in the frozen set: it cannot decide",)
    return tuple(
        f"{item.name}: AP50 {item.candidate:.3f} against {item.running:.3f}, "
        f"difference {item.low:+.3f} to {item.high:+.3f}"
        for item in comparisons
        if item.worse and item.labels >= rule.labels
    )


def _class_reasons(running: Path, candidate: Path) -> tuple[str, ...]:
    old, new = released_manifest(running), released_manifest(candidate)
    if (old.name, old.classes) == (new.name, new.classes):
        return ()
    return (
        f"{candidate} is {new.name} with {', '.join(new.classes)}; "
        f"running is {old.name} with {', '.join(old.classes)}",
    )


def _compared(
    name: str, pairs: Sequence[tuple[PictureMatch, PictureMatch]], rule: GateRule
) -> Comparison:
    chance = np.random.default_rng(rule.seed)
    differences = []
    for _ in range(rule.rounds):
        drawn = [pairs[index] for index in chance.integers(0, len(pairs), len(pairs))]
        if sum(one.labels for one, _ in drawn):
            differences.append(_ap50(drawn, 1) - _ap50(drawn, 0))
    low, high = np.percentile(differences, [2.5, 97.5])
    return Comparison(
        name=name,
        origin="all",
        labels=sum(one.labels for one, _ in pairs),
        running=round(_ap50(pairs, 0), 4),
        candidate=round(_ap50(pairs, 1), 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
    )


def _ap50(pairs: Sequence[tuple[PictureMatch, PictureMatch]], which: int) -> float:
    return average_precision([pair[which] for pair in pairs])[0]
