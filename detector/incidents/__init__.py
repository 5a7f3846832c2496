"""Incidents, verdicts, cases and their delivery: everything that must survive a kill."""

import detector.incidents.access_schema  # (its tables belong to the metadata)
import detector.incidents.cluster_schema  # noqa: F401
from detector.incidents.case import Case, CaseEvent
from detector.incidents.case_codes import CaseCode, CodeTable
from detector.incidents.case_desk import CaseDesk, CaseDeskConfig
from detector.incidents.case_state import CaseState
from detector.incidents.cases import CaseQueue
from detector.incidents.chain import ChainFault, ChainFaultKind, ChainReport, ChainVerifier
from detector.incidents.changes import Changes
from detector.incidents.component import CaseComponent
from detector.incidents.database import Database, DatabaseConfig, Transaction
from detector.incidents.delivery import Courier, CourierService
from detector.incidents.destination import DestinationConfig
from detector.incidents.errors import (
    ConflictError,
    LeaseLostError,
    NotFoundError,
    OutcomeError,
    ReceptionError,
    RetryLaterError,
    VerdictError,
)
from detector.incidents.evidence_ledger import EvidenceLedger
from detector.incidents.evidence_row import EvidenceRow
from detector.incidents.exchange_config import ExchangeConfig, PeerConfig
from detector.incidents.known import has_open_incident
from detector.incidents.letter import Delivery, DeliveryState, LetterKind
from detector.incidents.observation import Observation
from detector.incidents.outbox import DestinationStats, Outbox
from detector.incidents.outcome import Outcome, OutcomeKind
from detector.incidents.outcome_collector import (
    OutcomeCollector,
    OutcomeService,
    build_collectors,
)
from detector.incidents.outcome_desk import OutcomeDesk
from detector.incidents.page import CursorError, Page
from detector.incidents.policy import RegistryConfig, ViolationPolicy
from detector.incidents.presence import SavedPresence, load_presence, save_presence
from detector.incidents.processed import is_processed, mark_processed
from detector.incidents.queries import CaseFilter, DeliveryFilter, IncidentFilter, Queries
from detector.incidents.reception import Receipt, ReceivedCase, ReceptionDesk, SentOutcome
from detector.incidents.registry import IncidentRegistry
from detector.incidents.retention import Retention, RetentionReport
from detector.incidents.retention_config import RetentionConfig
from detector.incidents.same_place import SamePlaceConfig
from detector.incidents.sinks.registry import build_sink, parse_sink_config
from detector.incidents.verdicts import Verdict, VerdictDesk

__all__ = [
    "Case",
    "CaseCode",
    "CaseComponent",
    "CaseDesk",
    "CaseDeskConfig",
    "CaseEvent",
    "CaseFilter",
    "CaseQueue",
    "CaseState",
    "ChainFault",
    "ChainFaultKind",
    "ChainReport",
    "ChainVerifier",
    "Changes",
    "CodeTable",
    "ConflictError",
    "Courier",
    "CourierService",
    "CursorError",
    "Database",
    "DatabaseConfig",
    "Delivery",
    "DeliveryFilter",
    "DeliveryState",
    "DestinationConfig",
    "DestinationStats",
    "EvidenceLedger",
    "EvidenceRow",
    "ExchangeConfig",
    "IncidentFilter",
    "IncidentRegistry",
    "LeaseLostError",
    "LetterKind",
    "NotFoundError",
    "Observation",
    "Outbox",
    "Outcome",
    "OutcomeCollector",
    "OutcomeDesk",
    "OutcomeError",
    "OutcomeKind",
    "OutcomeService",
    "Page",
    "PeerConfig",
    "Queries",
    "Receipt",
    "ReceivedCase",
    "ReceptionDesk",
    "ReceptionError",
    "RegistryConfig",
    "Retention",
    "RetentionConfig",
    "RetentionReport",
    "RetryLaterError",
    "SamePlaceConfig",
    "SavedPresence",
    "SentOutcome",
    "Transaction",
    "Verdict",
    "VerdictDesk",
    "VerdictError",
    "ViolationPolicy",
    "build_collectors",
    "build_sink",
    "has_open_incident",
    "is_processed",
    "load_presence",
    "mark_processed",
    "parse_sink_config",
    "save_presence",
]
