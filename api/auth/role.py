"""Roles and what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """One thing that a route asks for. API keys carry these as scopes."""

    VIEW = "view"  # incidents, cases, cameras, map and figures, with masked pictures
    REVIEW = "review"  # verdicts; work on cases
    DELIVER = "deliver"  # redeliver and discard
    EXPORT = "export"  # take many records out at once
    SEALED = "sealed"  # open an original, with a reason
    CAMERAS = "cameras"  # zones, permits, privacy masks
    MODELS = "models"  # promote and roll back
    OPERATE = "operate"  # metrics and readiness, where they are not open
    FRAMES = "frames"  # hand pictures over
    EXCHANGE = "exchange"  # another instance: hand cases over, ask for their outcomes
    USERS = "users"  # users and API keys
    AUDIT = "audit"  # read the audit log


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"


_P = Permission
_OPERATOR = frozenset({_P.VIEW, _P.REVIEW})

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset({_P.VIEW}),
    Role.OPERATOR: _OPERATOR,
    Role.SUPERVISOR: _OPERATOR | {_P.DELIVER, _P.EXPORT, _P.SEALED},
    Role.ENGINEER: frozenset({_P.VIEW, _P.DELIVER, _P.CAMERAS, _P.MODELS, _P.OPERATE, _P.FRAMES}),
    Role.ADMINISTRATOR: frozenset(Permission) - {_P.EXCHANGE},  # instances come with a key
}

KEY_SCOPES: Final = frozenset(Permission) - {_P.USERS, _P.AUDIT, _P.SEALED}
"""A machine neither makes users nor reads the audit log nor opens originals."""
