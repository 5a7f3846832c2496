"""Which frames are worth labelling: those the model is unsure of and those unlike any so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from training.phash import HASH_BITS, bits_apart
from training.predict import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame that could be labelled."""

    camera: str
    day: str
    name: str
    interest: float  # the model's doubt, 0 to 1, or its loudness, above 1 where it tells something
    phash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRule:
    """How many, and what weighs how much."""

    per_day: int = 10  # frames of one camera's day
    total: int = 200
    novelty_weight: float = 0.5  # the rest is the frame's own interest
    least_novelty: float = 0.1  # nearer to a chosen or known frame: a repetition

    def __post_init__(self) -> None:
        if self.per_day < 1 or self.total < 1 or not 0 <= self.novelty_weight <= 1:
            raise ValueError("per_day and total from 1, novelty_weight from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A frame with what spoke for it."""

    frame: Frame
    novelty: float
    worth: float


def uncertainty_of(
    seen: Predictions, classes: Sequence[str], thresholds: dict[str, float]
) -> float:
    """1 where a detection lies on its threshold, 0 where none is near; the surest doubt counts."""
    doubts = [
        _doubt(float(score), thresholds[classes[int(class_id)]])
        for score, class_id in zip(seen.score, seen.class_id, strict=True)
    ]
    return max(doubts, default=0.0)


def loudness_of(
    seen: Predictions, classes: Sequence[str], thresholds: dict[str, float], watched: Sequence[str]
) -> float:
    """How near to telling one of the classes `watched`: its score as a share of its threshold, 1
    and more where it is told; 0 where none is seen at all."""
    names = [classes[int(class_id)] for class_id in seen.class_id]
    shares = [
        float(score) / thresholds[name]
        for score, name in zip(seen.score, names, strict=True)
        if name in watched
    ]
    return max(shares, default=0.0)


def choose(frames: Iterable[Frame], rule: ChoiceRule, known: Sequence[int] = ()) -> list[Chosen]:
    """The most worthy first. `known` are hashes of pictures that are labelled already.

    After each choice the novelty of the others is counted anew, so that of ten frames of one scene
    one is chosen and nine are not.
    """
    left = list(frames)
    novelty = np.array([_novelty(frame.phash, known) for frame in left])
    interest = np.array([frame.interest for frame in left])
    taken: Counter[tuple[str, str]] = Counter()
    chosen: list[Chosen] = []
    free = np.ones(len(left), bool)
    while len(chosen) < rule.total:
        worth = rule.novelty_weight * novelty + (1 - rule.novelty_weight) * interest
        worth[~free | (novelty < rule.least_novelty)] = -1.0
        best = int(worth.argmax()) if len(left) else -1
        if best < 0 or worth[best] < 0:
            break
        frame = left[best]
        free[best] = False
        if taken[frame.camera, frame.day] >= rule.per_day:
            continue
        taken[frame.camera, frame.day] += 1
        chosen.append(Chosen(frame=frame, novelty=float(novelty[best]), worth=float(worth[best])))
        apart = [_distance(other.phash, frame.phash) for other in left]
        novelty = np.minimum(novelty, apart)
    return chosen


def _doubt(score: float, threshold: float) -> float:
    """Falls from 1 at the threshold to 0 at score 0 and at score 1."""
    if score <= threshold:
        return score / threshold if threshold > 0 else 1.0
    return (1 - score) / (1 - threshold) if threshold < 1 else 1.0


def _novelty(value: int, known: Sequence[int]) -> float:
    return min((_distance(value, other) for other in known), default=1.0)


def _distance(one: int, other: int) -> float:
    """0 for the same look, 1 for as different as two unrelated pictures are."""
    return min(bits_apart(one, other) / (HASH_BITS / 2), 1.0)
