"""Things that stand on others count by what is seen under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.inference.manifest import StandingSpec
from detector.inference.overlap import areas, common_areas

FAINTEST = 0.05
"""What is surer than this may be what something stands on, whether it would be told or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A release's rule, with the numbers of its classes."""

    spec: StandingSpec
    class_ids: tuple[int, ...]  # of what stands
    on: int

    @classmethod
    def of(cls, spec: StandingSpec | None, classes: tuple[str, ...]) -> Standing | None:
        """None where a release has no such rule."""
        if spec is None:
            return None
        stand = tuple(classes.index(name) for name in spec.classes)
        return cls(spec=spec, class_ids=stand, on=classes.index(spec.on))

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
        things, others = np.isin(class_id, self.class_ids), class_id == self.on
        stands = self._stands(xyxy[things], xyxy[others])
        under = (stands * score[others]).max(axis=1, initial=0)
        result = score.copy()
        result[things] *= (under + self.spec.doubt) / (1 + self.spec.doubt)
        return result

    def _stands(
        self, things: NDArray[np.float32], others: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """(N, M): whether each of (N, 4) boxes lies on each of the (M, 4) larger ones."""
        area = areas(things)[:, None]
        lies = common_areas(things, others) >= self.spec.within * area
        return np.asarray(lies & (areas(others) >= self.spec.larger * area))
