"""How much a release may lose when it is computed in smaller numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from training.dataset import Dataset
from training.evaluate import Figure, Seen, figures, pooled_figure

TOLERANCE: Final = 0.005
"""AP50 that a class may lose on the validation side, all origins together."""

ENOUGH_LABELS: Final = 15
"""A class with fewer is not judged alone: a single detection that changes its rank moves its AP50
by points, which the rounding of bf16 is enough for. Such classes are judged together instead, all
their detections in one ranking; they may lose what one label of that ranking is worth."""

RARE: Final = "rare classes in one ranking"


def judged_figures(dataset: Dataset, seen: Sequence[Seen]) -> list[Figure]:
    """Those of every class and origin, and one for the classes with too few labels together."""
    found = figures(dataset, seen)
    rare = [one.name for one in found if one.origin == "all" and one.labels < ENOUGH_LABELS]
    return [*found, pooled_figure(RARE, dataset, seen, rare)] if rare else found


def losses(before: Sequence[Figure], after: Sequence[Figure]) -> tuple[str, ...]:
    """What loses more than it may, in words."""
    found = {(item.name, item.origin): item.ap50 for item in after}
    return tuple(
        f"{item.name} {item.ap50:.3f} becomes {found.get((item.name, item.origin), 0.0):.3f}"
        for item in before
        if found.get((item.name, item.origin), 0.0) < item.ap50 - _may_lose(item)
    )


def _may_lose(figure: Figure) -> float:
    if figure.name == RARE:
        return max(TOLERANCE, 1 / figure.labels)
    judged = figure.origin == "all" and figure.labels >= ENOUGH_LABELS
    return TOLERANCE if judged else 1.0
