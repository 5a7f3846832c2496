"""Evidence: what is shown is masked, what is original is sealed, and nothing is overwritten."""

from detector.evidence.annotation import AnnotationConfig, Caption, Mark, annotate
from detector.evidence.clip_masking import ClipPicture, ShownClipConfig, masked_clip
from detector.evidence.evidence_file import EvidenceFile, EvidenceKind, EvidenceVariant
from detector.evidence.file_store import FileStore, FileStoreConfig
from detector.evidence.hidden_region import MaskingConfig
from detector.evidence.latest import LatestConfig, LatestPicture, LatestPictures
from detector.evidence.masking import PolygonUnit, mask
from detector.evidence.memory_store import MemoryStore
from detector.evidence.pack import EvidencePacker, PackConfig, Shot, Slot
from detector.evidence.recent import FirstFrame, FirstFrames, FirstFramesConfig
from detector.evidence.remote_store import RemoteStore, StoreUnavailableError
from detector.evidence.sealing import (
    SealBrokenError,
    Sealer,
    SealError,
    SealingConfig,
    WrongSealKeyError,
)

__all__ = [
    "AnnotationConfig",
    "Caption",
    "ClipPicture",
    "EvidenceFile",
    "EvidenceKind",
    "EvidencePacker",
    "EvidenceVariant",
    "FileStore",
    "FileStoreConfig",
    "FirstFrame",
    "FirstFrames",
    "FirstFramesConfig",
    "LatestConfig",
    "LatestPicture",
    "LatestPictures",
    "Mark",
    "MaskingConfig",
    "MemoryStore",
    "PackConfig",
    "PolygonUnit",
    "RemoteStore",
    "SealBrokenError",
    "SealError",
    "Sealer",
    "SealingConfig",
    "Shot",
    "ShownClipConfig",
    "Slot",
    "StoreUnavailableError",
    "WrongSealKeyError",
    "annotate",
    "mask",
    "masked_clip",
]
