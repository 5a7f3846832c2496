"""Score thresholds per class, chosen on validation pictures and their negatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.types.taxonomy import VENDOR_CLASSES
from training.dataset import Dataset
from training.evaluate import Seen, match_seen
from training.match import PictureMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdRule:
    """What a threshold must reach on validation pictures."""

    precision: float = 0.7  # at least, over all predictions at or above the threshold
    false_alarms: float = 0.1  # at most, a picture
    floor: float = 0.25  # never below
    fallback: float = 0.5  # for a class with fewer than `labels` validation labels
    labels: int = 5

    def __str__(self) -> str:
        precise = f"precision >= {self.precision} and " if self.precision else ""
        return (
            f"lowest score >= {self.floor} with {precise}at most "
            f"{self.false_alarms} false alarms a picture on the validation side; "
            f"{self.fallback} for a class with fewer than {self.labels} validation labels"
        )


def choose_thresholds(
    dataset: Dataset, seen: Sequence[Seen], rule: ThresholdRule
) -> dict[str, float]:
    """Class name -> threshold. What is seen as a cart and labelled a stall is no false alarm: a
    case is about vendors, whichever of their classes they show."""
    chosen = {}
    for name in dataset.classes:
        pictures = [item for item in seen if name in item.entry.labelled]
        right = VENDOR_CLASSES if name in VENDOR_CLASSES else (name,)
        matches = [match_seen(dataset, item, (name,), right=right) for item in pictures]
        labels = sum(len(item.corners_of([dataset.classes.index(name)])) for item in pictures)
        chosen[name] = round(threshold(matches, labels, rule), 3)
    return chosen


def threshold(matches: Sequence[PictureMatch], labels: int, rule: ThresholdRule) -> float:
    """The lowest score that satisfies the rule from there upwards to the best-scored prediction;
    `labels` are those of the class itself."""
    if labels < rule.labels:
        return rule.fallback
    score = np.concatenate([match.score for match in matches])
    order = np.argsort(-score, kind="stable")
    hit = np.concatenate([match.hit[:, 0] for match in matches])[order]
    score = score[order]
    true = np.cumsum(hit)
    good = (true / np.arange(1, len(hit) + 1) >= rule.precision) & (
        np.arange(1, len(hit) + 1) - true <= rule.false_alarms * len(matches)
    )
    passing = score[good]
    return max(float(passing.min()) if len(passing) else rule.fallback, rule.floor)
