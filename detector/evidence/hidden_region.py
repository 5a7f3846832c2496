"""Where on a picture faces and number plates can be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from detector.types import Box, Detections

_PLATE_FROM_SHARE: Final = MappingProxyType(
    {"car": 0.42, "bus": 0.45, "truck": 0.3, "motorcycle": 0.25, "bicycle": 0.4}
)
_RIDDEN: Final = frozenset({"bicycle", "motorcycle"})


class MaskingConfig(BaseModel):
    """What is hidden in pictures that people see. Shares are of the detected box's side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person_floor_score: float = Field(default=0.1, ge=0, le=1)
    """Weakest detection of a person that still hides a head."""

    vehicle_floor_score: float = Field(default=0.2, ge=0, le=1)
    """Weakest vehicle that still hides a plate band: weaker ones are mostly carts and stalls, whose
    goods the picture is to show, while a vehicle near enough to read its plate scores well."""

    head_height_share: float = Field(default=0.3, gt=0, le=1)
    """Head region of a person, from the top of the box, as a share of the box's height ..."""

    head_width_share: float = Field(default=0.7, gt=0)
    """... or of its width, whichever is more: who sits, stoops or is cut off has a wider box."""

    rider_above_share: float = Field(default=0.6, ge=0)
    """How far above a two-wheeler's box its rider's head can be, as a share of its height."""

    plate_from_share: dict[str, float] = Field(default_factory=lambda: dict(_PLATE_FROM_SHARE))
    """Vehicle class -> where its plate band begins, as a share of the height from the top."""

    margin_share: float = Field(default=0.1, ge=0)
    min_margin_px: int = Field(default=4, ge=0)
    """Added around every region: boxes, weak ones above all, are not exact."""

    smallest_person_px: int = Field(default=40, ge=0)
    """A person whose box is shorter on its longer side is left: the head is under 6 px."""

    smallest_vehicle_px: int = Field(default=56, ge=0)
    """A vehicle whose box is shorter on its longer side is left: the plate is under 5 px high."""

    head_blocks: int = Field(default=3, ge=1)
    plate_blocks: int = Field(default=5, ge=1)
    """At most so many blocks of the mosaic across a region's shorter side. A head fills about half
    of its region's height and a plate a sixth of its band: neither is over two blocks high."""

    min_block_px: int = Field(default=8, ge=2)

    required_classes: tuple[str, ...] = ("person",)
    """Classes a model must have looked for; empty for drones too high to show a face."""


@dataclass(frozen=True, slots=True)
class HiddenRegion:
    """A rectangle to hide, right and lower edge exclusive, possibly beyond the picture."""

    x1_px: int
    y1_px: int
    x2_px: int
    y2_px: int
    block_px: int


def hidden_regions(detections: Detections, config: MaskingConfig) -> list[HiddenRegion]:
    """Regions in the order in which they are painted, coarsest last."""
    regions = [
        region for index in range(len(detections)) for region in _regions(detections, index, config)
    ]
    return sorted(regions, key=lambda region: region.block_px)


def _regions(detections: Detections, index: int, config: MaskingConfig) -> Iterator[HiddenRegion]:
    class_name, score = detections.class_name(index), float(detections.score[index])
    box = detections.box(index)
    longer_px = max(box.width, box.height)
    if class_name == "person" and score >= config.person_floor_score:
        if longer_px >= config.smallest_person_px:
            yield _region(_head(box, config), config.head_blocks, config)
    elif class_name in config.plate_from_share and score >= config.vehicle_floor_score:
        if longer_px >= config.smallest_vehicle_px:
            yield _region(_plate_band(box, class_name, config), config.plate_blocks, config)
        if class_name in _RIDDEN and longer_px >= config.smallest_person_px:
            yield _region(_rider(box, config), config.head_blocks, config)


def _head(box: Box, config: MaskingConfig) -> Box:
    reach = max(config.head_height_share * box.height, config.head_width_share * box.width)
    return Box(box.x1, box.y1, box.x2, min(box.y2, box.y1 + reach))


def _rider(box: Box, config: MaskingConfig) -> Box:
    """A two-wheeler's box often ends below its rider, who may not be detected as a person."""
    return Box(box.x1, box.y1 - config.rider_above_share * box.height, box.x2, box.y1)


def _plate_band(box: Box, class_name: str, config: MaskingConfig) -> Box:
    """Over the whole width: the plate of a car seen at a slant hangs at one end of its box."""
    return Box(box.x1, box.y1 + config.plate_from_share[class_name] * box.height, box.x2, box.y2)


def _region(part: Box, blocks: int, config: MaskingConfig) -> HiddenRegion:
    across = max(config.min_margin_px, config.margin_share * part.width)
    along = max(config.min_margin_px, config.margin_share * part.height)
    shorter_px = min(part.width, part.height)
    return HiddenRegion(
        math.floor(part.x1 - across),
        math.floor(part.y1 - along),
        math.ceil(part.x2 + across),
        math.ceil(part.y2 + along),
        _block_px(shorter_px / blocks, config.min_block_px),
    )


def _block_px(wanted_px: float, least_px: int) -> int:
    """A power of two, so that regions of similar size share the grid of their blocks."""
    return int(2 ** math.ceil(math.log2(max(least_px, wanted_px))))
