"""What a released model says of itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.types import ModelError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class InputSpec(_Part):
    """Preprocessing the network was trained with."""

    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)
    stride_px: int = Field(default=32, gt=0)
    letterbox_fill: int = Field(default=114, ge=0, le=255)


class NmsSpec(_Part):
    """Non-maximum suppression, class by class. The defaults are those of releases that say nothing:
    their thresholds were chosen under them."""

    iou: float = Field(default=0.7, gt=0, lt=1)
    max_detections: int = Field(default=300, gt=0)
    multi_label: bool = Field(
        default=False,
        description="A box stands for every class whose score reaches its floor, not only for its"
        " strongest one, which may itself miss its floor.",
    )


class MirroredSpec(_Part):
    """A picture in which one of these classes may be is seen a second time, mirrored."""

    classes: tuple[str, ...] = Field(min_length=1)
    floor: float = Field(
        default=0.2, ge=0, lt=1, description="The score from which on one of them may be there."
    )


class SmallerSpec(_Part):
    """A picture in which one of these classes may be is seen a second time, made smaller."""

    classes: tuple[str, ...] = Field(min_length=1)
    floor: float = Field(
        default=0.1, ge=0, lt=1, description="The score from which on one of them may be there."
    )
    scale: float = Field(
        default=0.77, gt=0, lt=1, description="Sides of the second input, of those of the first."
    )


class WeightsSpec(_Part):
    """The weights' file, relative to the model's folder."""

    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Bf16Spec(_Part):
    """Stands in a manifest when the weights were measured in bf16, too, and found as much."""


class Int8Spec(_Part):
    """INT8 weights that were measured to find as much as the others."""

    weights: WeightsSpec
    largest_weight: int = Field(
        default=127, ge=1, le=127, description="Greatest of all weights' absolute values."
    )


class Manifest(_Part):
    """The fields of `manifest.json` that the runtime needs; others are for people."""

    format: int = Field(ge=1, le=1)
    name: str
    version: str
    classes: tuple[str, ...] = Field(min_length=1)
    input: InputSpec
    nms: NmsSpec = NmsSpec()
    mirrored: MirroredSpec | None = None
    smaller: SmallerSpec | None = None
    thresholds: dict[str, float]
    weights: WeightsSpec
    bf16: Bf16Spec | None = None
    int8: Int8Spec | None = None

    @property
    def seen_twice(self) -> bool:
        """Whether a picture in which something may be takes more than one pass."""
        return self.mirrored is not None or self.smaller is not None

    @property
    def all_sha256(self) -> frozenset[str]:
        """Of every file of weights: any of them may be the one in use."""
        files = (self.weights, *((self.int8.weights,) if self.int8 else ()))
        return frozenset(file.sha256 for file in files)


def read_manifest(folder: Path) -> Manifest:
    """Reads and checks a model folder: manifest, thresholds for every class, weights' sha256.

    Raises ModelError naming the folder or file at fault.
    """
    path = folder / "manifest.json"
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}: no manifest.json; is this a released model?", code="model_missing"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise ModelError(f"{path}: {field}: {first['msg']}") from error
    missing = [name for name in manifest.classes if name not in manifest.thresholds]
    if missing:
        names = ", ".join(missing)
        raise ModelError(
            f"{path}: no threshold for {names}", code="model_threshold_missing", classes=names
        )
    _check_seen_twice(path, manifest)
    _check_weights(folder / manifest.weights.file, manifest.weights.sha256)
    if manifest.int8 is not None:
        _check_weights(folder / manifest.int8.weights.file, manifest.int8.weights.sha256)
    return manifest


def _check_seen_twice(path: Path, manifest: Manifest) -> None:
    for name, spec in (("mirrored", manifest.mirrored), ("smaller", manifest.smaller)):
        if spec and (unknown := sorted({*spec.classes} - set(manifest.classes))):
            raise ModelError(f"{path}: {name}: no class {', '.join(unknown)}")


def _check_weights(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path}: the weights are missing", code="model_weights_missing")
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise ModelError(
            f"{path}: sha256 is {actual}, the manifest says {expected}",
            code="model_weights_differ",
        )
