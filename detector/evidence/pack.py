"""Makes the files of one picture or clip of an incident."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.evidence.annotation import AnnotationConfig, Caption, Mark, annotate
from detector.evidence.evidence_file import (
    EvidenceFile,
    EvidenceKind,
    EvidenceVariant,
    sha256_hex,
)
from detector.evidence.hidden_region import MaskingConfig
from detector.evidence.jpeg import encode_jpeg, shrunk
from detector.evidence.key import evidence_key, incident_prefix
from detector.evidence.masking import PolygonUnit, mask
from detector.evidence.sealing import Sealer
from detector.types import Clip, Detections, EvidenceStore, Frame

_JPEG: Final = "image/jpeg"
_VIDEO_TYPES: Final = {"mp4": "video/mp4", "mkv": "video/x-matroska", "ts": "video/mp2t"}


class PackConfig(BaseModel):
    """How evidence pictures are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    masking: MaskingConfig = MaskingConfig()
    annotation: AnnotationConfig = AnnotationConfig()
    shown_longest_px: int = Field(default=1920, ge=320)
    """Longer side of the shown and clean copies; the sealed original keeps its size."""

    shown_jpeg_quality: int = Field(default=85, ge=1, le=100)
    sealed_jpeg_quality: int = Field(default=95, ge=1, le=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Which piece of which incident's evidence is made."""

    incident_id: UUID
    opened_at: datetime  # aware; all files of an incident lie under the day it was opened
    number: int  # counts the incident's pieces from 1
    kind: EvidenceKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """A picture and what is to be hidden and drawn on it, all in the frame's own pixels."""

    frame: Frame
    detections: Detections  # weak ones included, for masking
    marks: Sequence[Mark]
    caption: Caption
    privacy_polygons_unit: Sequence[PolygonUnit] = ()


class EvidencePacker:
    """Writes evidence files and tells what to record of them.

    The files are on disk when a method returns, so the caller's transaction never names a missing
    file. Where the caller fails after that, the files are orphans: no record names their keys.
    """

    def __init__(self, store: EvidenceStore, sealer: Sealer, config: PackConfig) -> None:
        self._store = store
        self._sealer = sealer
        self._config = config

    def pack_picture(self, slot: Slot, shot: Shot) -> tuple[EvidenceFile, ...]:
        """The shown, the clean and the sealed file, in this order.

        Raises DiskFull with none of the three left, and ConfigError when the detections cannot
        show where people are.
        """
        keys = self._keys(slot)
        clean, shown = self._visible(shot)
        original = encode_jpeg(shot.frame.image, self._config.sealed_jpeg_quality)
        quality = self._config.shown_jpeg_quality
        contents = {
            EvidenceVariant.SHOWN: encode_jpeg(shown, quality),
            EvidenceVariant.CLEAN: encode_jpeg(clean, quality),
            EvidenceVariant.SEALED: self._seal(original, keys[EvidenceVariant.SEALED]),
        }
        with self._all_or_none() as written:
            for variant, data in contents.items():
                self._store.put(keys[variant], data)
                written.append(
                    EvidenceFile(
                        key=keys[variant],
                        kind=slot.kind,
                        variant=variant,
                        sha256=sha256_hex(data),
                        size_bytes=len(data),
                        media_type=_JPEG,
                        captured_at=shot.frame.captured_at,
                        clock=shot.frame.clock,
                    )
                )
        return tuple(written)

    def pack_clip(self, slot: Slot, clip: Clip, clock: str) -> EvidenceFile:
        """Stores the clip sealed only.

        Its packets are the camera's own, not re-encoded, so faces and plates are in it; a masked
        one is made of it when somebody wants to see it (`masked_clip`). Raises DiskFull.
        """
        suffix = f"{clip.container}.sealed"
        token = secrets.token_hex(4)
        prefix = incident_prefix(slot.incident_id, slot.opened_at)
        key = evidence_key(prefix, slot.number, slot.kind, EvidenceVariant.SEALED, token, suffix)
        sealed = self._seal(clip.data, key)
        self._store.put(key, sealed)
        return EvidenceFile(
            key=key,
            kind=slot.kind,
            variant=EvidenceVariant.SEALED,
            sha256=sha256_hex(sealed),
            size_bytes=len(sealed),
            media_type=_VIDEO_TYPES.get(clip.container, "application/octet-stream"),
            captured_at=clip.starts_at,
            clock=clock,
            ends_at=clip.ends_at,
        )

    def open_sealed(self, key: str) -> bytes:
        """The original behind a sealed key; the caller has checked role and reason and audits it.

        Raises KeyError for an unknown key and SealError where it cannot be opened.
        """
        return self._sealer.unseal(self._store.get(key), key.encode())

    def _seal(self, data: bytes, key: str) -> bytes:
        """Bound to its key: a sealed file renamed to another incident's does not open."""
        return self._sealer.seal(data, key.encode())

    def _keys(self, slot: Slot) -> dict[EvidenceVariant, str]:
        prefix = incident_prefix(slot.incident_id, slot.opened_at)
        token = secrets.token_hex(4)
        suffixes = {EvidenceVariant.SEALED: "jpg.sealed"}
        return {
            variant: evidence_key(
                prefix, slot.number, slot.kind, variant, token, suffixes.get(variant, "jpg")
            )
            for variant in EvidenceVariant
        }

    def _visible(self, shot: Shot) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The clean and the shown picture: masked in full size, then shrunk, then drawn on."""
        config = self._config
        masked = mask(shot.frame.image, shot.detections, config.masking, shot.privacy_polygons_unit)
        clean, scale = shrunk(masked, config.shown_longest_px)
        marks = [replace(mark, box_px=mark.box_px.scaled(scale, scale)) for mark in shot.marks]
        return clean, annotate(clean, marks, shot.caption, config.annotation)

    @contextlib.contextmanager
    def _all_or_none(self) -> Iterator[list[EvidenceFile]]:
        written: list[EvidenceFile] = []
        try:
            yield written
        except Exception:
            for file in written:
                self._store.delete(file.key)
            raise
