"""What a release says of itself; the runtime reads the keys it knows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from training.evaluate import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """How a picture becomes the network's input."""

    width_px: int
    height_px: int
    stride_px: int = 32
    letterbox_fill: int = 114
    colour: str = "RGB"
    scale: float = 1 / 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Non-maximum suppression, per class; as the runtime's `NmsSpec`, which says what it means."""

    iou: float
    max_detections: int
    multi_label: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredRule:
    """Which pictures are seen a second time, mirrored; as the runtime's `MirroredSpec`."""

    classes: tuple[str, ...]
    floor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallerRule:
    """Which pictures are seen a second time, smaller; as the runtime's `SmallerSpec`."""

    classes: tuple[str, ...]
    floor: float
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file of the release and its hash."""

    file: str
    sha256: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRef:
    """A set the model learned from."""

    name: str
    pictures: int
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What was measured, and on which side of which split."""

    split: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """CPU time of one pass on the machine that measured."""

    look_core_s: float  # median, all threads together
    threads: int
    cpu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfNumbers:
    """What the weights find when they are computed in bf16, and at what cost."""

    figures: tuple[Figure, ...]
    timing: Timing | None  # None: on a CPU without bf16, every number rounded (training.rounded)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallWeights:
    """INT8 weights beside the fp32 ones, and what they find and cost."""

    weights: FileRef
    largest_weight: int  # of -largest_weight to largest_weight; decides which CPUs may compute it
    modules_in_float: tuple[int, ...]  # besides the head's last layers
    figures: tuple[Figure, ...]
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A released model."""

    format: int = 1
    name: str
    version: str  # date, year.month.day
    classes: tuple[str, ...]
    input: InputSpec
    nms: Suppression
    mirrored: MirroredRule | None = None
    smaller: SmallerRule | None = None
    thresholds: dict[str, float]
    threshold_rule: str
    weights: FileRef
    checkpoint: FileRef
    training_data: tuple[DataRef, ...]
    dataset_sha256: str
    metrics: Metrics
    reproduce: str
    timing: Timing | None = None  # in float32
    # Present only when within the tolerance of float32; the runtime uses nothing else.
    bf16: HalfNumbers | None = None
    int8: SmallWeights | None = None
    licence: str = "AGPL-3.0-or-later"


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write `manifest.json`."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    return path
