"""Records that pass between the modules: frozen, slotted, keyword-only, units in the names."""

from detector.types.box import Box
from detector.types.coverage import Coverage
from detector.types.detections import Detections
from detector.types.errors import (
    ConfigError,
    DeliveryRefused,
    DeliveryUnavailable,
    DiskFull,
    ModelError,
    PictureError,
    SourceAuthError,
    SourceError,
    XunjieError,
)
from detector.types.field_error import FieldError, field_errors
from detector.types.finding import Finding, Posting
from detector.types.frame import Frame
from detector.types.health import BlindReason, NoFrame, SourceHealth, SourceState
from detector.types.incident import Incident, IncidentStatus, VerdictAnswer
from detector.types.look import Look
from detector.types.place import Place, Position
from detector.types.ports import CaseSink, Clip, Detector, EvidenceStore, Rule, Source
from detector.types.pose import Pose
from detector.types.track import Track
from detector.types.zone import Permit, Zone, ZoneKind

__all__ = [
    "BlindReason",
    "Box",
    "CaseSink",
    "Clip",
    "ConfigError",
    "Coverage",
    "DeliveryRefused",
    "DeliveryUnavailable",
    "Detections",
    "Detector",
    "DiskFull",
    "EvidenceStore",
    "FieldError",
    "Finding",
    "Frame",
    "Incident",
    "IncidentStatus",
    "Look",
    "ModelError",
    "NoFrame",
    "Permit",
    "PictureError",
    "Place",
    "Pose",
    "Position",
    "Posting",
    "Rule",
    "Source",
    "SourceAuthError",
    "SourceError",
    "SourceHealth",
    "SourceState",
    "Track",
    "VerdictAnswer",
    "XunjieError",
    "Zone",
    "ZoneKind",
    "field_errors",
]
