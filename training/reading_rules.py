"""What a release does with its network's output beyond suppression, by model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detector.inference.manifest import Manifest, MirroredSpec, NmsSpec, StandingSpec
from detector.inference.mirrored import Mirrored
from detector.inference.reading import Reading
from detector.inference.standing import Standing
from detector.types.taxonomy import VENDOR_CLASSES


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules:
    """Thresholds are chosen under these: a candidate keeps those of the model that runs."""

    standing: StandingSpec | None = None
    mirrored: MirroredSpec | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> ReadingRules:
        return cls(standing=manifest.standing, mirrored=manifest.mirrored)

    def reading(self, nms: NmsSpec, classes: tuple[str, ...]) -> Reading:
        """For a network of these classes."""
        return Reading(
            nms=nms,
            standing=Standing.of(self.standing, classes),
            mirrored=Mirrored.of(self.mirrored, classes),
        )


RULES: Final = {
    "street": ReadingRules(mirrored=MirroredSpec(classes=(*VENDOR_CLASSES, "parasol"))),
    "aerial": ReadingRules(
        standing=StandingSpec(classes=("rooftop_shed", "rooftop_canopy"), on="building")
    ),
}
"""By model; what they bring: docs/models.md."""
