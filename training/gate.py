"""The gate before a release: a candidate against the running model.

Five things decide: AP50 of each class and false alarms a picture at each model's own thresholds,
on the frozen side of a dataset and on its newest reviewed footage; incident figures of clips that
go through the real rules; and, on pictures that the candidate learned from, whether it still finds
what is labelled there, and whether it could tell rejected places from labels. A candidate that is
worse in one of them beyond the 95 % interval of the difference is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.comparison import (
    AP50,
    LEARNED,
    Comparison,
    GateRule,
    Side,
    compare,
    compare_recall,
)
from training.dataset import Dataset, Entry, read_dataset
from training.evaluate import look_at
from training.incident_figures import IncidentFigure
from training.learned import learned_entries
from training.rejections import Rejections, rejections
from training.released import network_of, released_manifest

SIDES: Final = {"val": "frozen", "newest": "newest"}
"""Side of a dataset -> its name in the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says."""

    dataset_sha256: str
    comparisons: tuple[Comparison, ...]
    incidents: tuple[IncidentFigure, ...]
    reasons: tuple[str, ...]  # empty: the candidate may be promoted
    rejections: tuple[Rejections, ...] = ()  # what people rejected and the candidate was taught

    @property
    def passed(self) -> bool:
        return not self.reasons


def judge(
    running: Path,
    candidate: Path,
    dataset: Path,
    rule: GateRule,
    incidents: Sequence[IncidentFigure] = (),
) -> Verdict:
    """Both models look at the dataset's frozen and newest side, and at some of what the candidate
    learned from; each in its own input size."""
    described = read_dataset(dataset)
    reasons = class_reasons(running, candidate)
    found: tuple[Comparison, ...] = ()
    rejected: tuple[Rejections, ...] = ()
    if not reasons:
        sides = sides_of(running, candidate, dataset, described)
        found = tuple(
            item
            for side in sides
            for item in (compare_recall if side.name == LEARNED else compare)(described, side, rule)
        )
        rejected = tuple(
            item
            for side in sides
            if side.name == LEARNED
            for item in rejections(described, side, rule)
        )
        reasons = reasons_of(found, rule, incidents, rejected)
    return Verdict(
        dataset_sha256=described.sha256,
        comparisons=found,
        incidents=tuple(incidents),
        reasons=reasons,
        rejections=rejected,
    )


def sides_of(running: Path, candidate: Path, dataset: Path, described: Dataset) -> list[Side]:
    """Every side that the dataset has pictures of, and some of what was learned from."""
    thresholds = [dict(released_manifest(folder).thresholds) for folder in (running, candidate)]
    networks = [network_of(folder) for folder in (running, candidate)]
    entries: dict[str, Sequence[Entry]] = {
        name: [entry for entry in described.entries if entry.split == split]
        for split, name in SIDES.items()
    }
    entries[LEARNED] = learned_entries(dataset, described)
    sides = []
    for name, chosen in entries.items():
        if not chosen:
            continue
        old, new = (tuple(look_at(dataset, chosen, network)) for network in networks)
        sides.append(
            Side(
                name=name,
                running=old,
                candidate=new,
                running_thresholds=thresholds[0],
                candidate_thresholds=thresholds[1],
            )
        )
    return sides


def reasons_of(
    comparisons: Sequence[Comparison],
    rule: GateRule,
    incidents: Sequence[IncidentFigure] = (),
    rejected: Sequence[Rejections] = (),
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
    worse += [item.reason for item in rejected if item.contradicts]
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
