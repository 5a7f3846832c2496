"""Things that stand on others count by what is seen under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.inference.manifest import StandingSpec

FAINTEST = 0.05
"""What is surer than this may be what something stands on, whether it would be told or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A release's rule, for the numbers of its classes."""

    class_ids: tuple[int, ...]  # of what stands
    on: int
    within: float
    larger: float
    doubt: float

    @classmethod
    def of(cls, spec: StandingSpec | None, classes: tuple[str, ...]) -> Standing | None:
        """None where a release has no such rule."""
        if spec is None:
            return None
        return cls(
            class_ids=tuple(classes.index(name) for name in spec.classes),
            on=classes.index(spec.on),
            within=spec.within,
            larger=spec.larger,
            doubt=spec.doubt,
        )

    def floors(self, floors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(C,) least scores at which boxes have to be known before they are weighed."""
        lower = floors.copy()
        lower[self.on] = min(lower[self.on], FAINTEST)
        return lower

    def weighed(
        self,
        xyxy: NDArray[np.float32],
        score: NDArray[np.float32],
        class_id: NDArray[np.int32],
    ) -> NDArray[np.float32]:
        """(N,) scores of (N, 4) boxes: of what stands, times (s + doubt) / (1 + doubt), s being the
        score of the surest box that it stands on, 0 without one."""
        things = np.isin(class_id, self.class_ids)
        others = class_id == self.on
        stands = _lie_on(xyxy[things], xyxy[others], self.within, self.larger)
        under = (stands * score[others]).max(axis=1, initial=0)
        result = score.copy()
        result[things] *= (under + self.doubt) / (1 + self.doubt)
        return result


def _lie_on(
    things: NDArray[np.float32], others: NDArray[np.float32], within: float, larger: float
) -> NDArray[np.bool_]:
    """(N, M): whether each of (N, 4) boxes lies on each of the (M, 4) larger ones."""
    low = np.maximum(things[:, None, :2], others[None, :, :2])
    high = np.minimum(things[:, None, 2:], others[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=2)
    area, ground = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (things, others))
    lies: NDArray[np.bool_] = (common >= within * area[:, None]) & (
        ground[None, :] >= larger * area[:, None]
    )
    return lies
