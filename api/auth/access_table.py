"""What each route asks for. A route that does not stand here is refused to everybody."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from api.auth.role import Permission


class Gate(StrEnum):
    """What is not a permission."""

    OPEN = "open"
    SIGNED_IN = "signed in"  # any session, also one whose password must be changed
    READY = "ready"  # open or `operate`, as configured
    METRICS = "metrics"  # open or `operate`, as configured


_P = Permission
Needs = Gate | Permission

ACCESS: Final[Mapping[tuple[str, str], Needs]] = {
    ("GET", "/"): Gate.OPEN,
    ("GET", "/pages/{page}"): Gate.OPEN,  # the shell of the pages: no data in it
    ("GET", "/assets/{path:path}"): Gate.OPEN,
    ("GET", "/enter/{token}"): Gate.OPEN,
    ("GET", "/health"): Gate.OPEN,
    ("GET", "/ready"): Gate.READY,
    ("GET", "/metrics"): Gate.METRICS,
    ("GET", "/docs"): _P.VIEW,
    ("GET", "/openapi.json"): _P.VIEW,
    ("POST", "/api/session"): Gate.OPEN,
    ("GET", "/api/session/ways"): Gate.OPEN,
    ("GET", "/oidc/start"): Gate.OPEN,
    ("GET", "/oidc/callback"): Gate.OPEN,
    ("GET", "/api/session"): Gate.SIGNED_IN,
    ("DELETE", "/api/session"): Gate.SIGNED_IN,
    ("POST", "/api/session/password"): Gate.SIGNED_IN,
    ("GET", "/api/users"): _P.USERS,
    ("POST", "/api/users"): _P.USERS,
    ("PATCH", "/api/users/{name}"): _P.USERS,
    ("POST", "/api/users/{name}/password"): _P.USERS,
    ("GET", "/api/keys"): _P.USERS,
    ("POST", "/api/keys"): _P.USERS,
    ("DELETE", "/api/keys/{key_id}"): _P.USERS,
    ("GET", "/api/audit"): _P.AUDIT,
    ("GET", "/api/audit/verify"): _P.AUDIT,
    ("GET", "/api/nodes"): _P.VIEW,
    ("GET", "/api/sources"): _P.VIEW,
    ("GET", "/api/sources/{source_id}"): _P.VIEW,
    ("GET", "/api/sources/{source_id}/picture"): _P.VIEW,
    ("GET", "/api/sources/{source_id}/settings"): _P.VIEW,
    ("PUT", "/api/sources/{source_id}/settings"): _P.CAMERAS,
    ("POST", "/api/sources/{source_id}/settings/try"): _P.CAMERAS,
    ("GET", "/api/cameras"): _P.CAMERAS,
    ("POST", "/api/cameras/import"): _P.CAMERAS,
    ("PUT", "/api/cameras/{camera_id}"): _P.CAMERAS,
    ("DELETE", "/api/cameras/{camera_id}"): _P.CAMERAS,
    ("GET", "/api/incidents"): _P.VIEW,
    ("GET", "/api/incidents/{incident_id}"): _P.VIEW,
    ("GET", "/api/incidents/{incident_id}/chain"): _P.VIEW,
    ("GET", "/api/incidents/{incident_id}/evidence/{evidence_id}"): _P.VIEW,
    ("POST", "/api/incidents/{incident_id}/evidence/{evidence_id}/original"): _P.SEALED,
    ("GET", "/api/incidents/{incident_id}/clip"): _P.VIEW,
    ("GET", "/api/incidents/{incident_id}/clip/{number}"): _P.VIEW,
    ("POST", "/api/incidents/{incident_id}/verdict"): _P.REVIEW,
    ("GET", "/api/review/waiting"): _P.REVIEW,
    ("GET", "/api/review/list"): _P.REVIEW,
    ("POST", "/api/review/claim"): _P.REVIEW,
    ("POST", "/api/review/beat"): _P.REVIEW,
    ("POST", "/api/review/{incident_id}/release"): _P.REVIEW,
    ("POST", "/api/review/{incident_id}/verdict"): _P.REVIEW,
    ("DELETE", "/api/review/{incident_id}/verdict"): _P.REVIEW,
    ("POST", "/api/review/bulk"): _P.REVIEW,
    ("GET", "/api/cases"): _P.VIEW,
    ("GET", "/api/cases/{case_id}"): _P.VIEW,
    ("POST", "/api/cases/claim"): _P.REVIEW,
    ("POST", "/api/cases/{case_id}/state"): _P.REVIEW,
    ("POST", "/api/cases/{case_id}/renew"): _P.REVIEW,
    ("POST", "/api/cases/{case_id}/release"): _P.REVIEW,
    ("GET", "/api/cases/{case_id}/outcomes"): _P.VIEW,
    ("POST", "/api/cases/{case_id}/outcome"): _P.REVIEW,
    ("POST", "/api/exchange/cases"): _P.EXCHANGE,
    ("GET", "/api/exchange/pictures/{case_id}/{sha256}"): _P.EXCHANGE,
    ("PUT", "/api/exchange/pictures/{case_id}/{sha256}"): _P.EXCHANGE,
    ("GET", "/api/exchange/outcomes"): _P.EXCHANGE,
    ("GET", "/api/destinations"): _P.VIEW,
    ("GET", "/api/deliveries"): _P.VIEW,
    ("POST", "/api/deliveries/{delivery_id}/redeliver"): _P.DELIVER,
    ("POST", "/api/deliveries/{delivery_id}/quarantine"): _P.DELIVER,
    ("POST", "/api/destinations/{destination}/redeliver"): _P.DELIVER,
    ("POST", "/api/deliveries/{delivery_id}/discard"): _P.DELIVER,
    ("POST", "/api/frames"): _P.FRAMES,
    ("GET", "/api/flights"): _P.VIEW,
    ("GET", "/api/flights/{name}"): _P.VIEW,
    ("GET", "/api/flights/{name}/findings/{number}/{day}"): _P.VIEW,
    ("POST", "/api/flights/{name}/findings/{number}/answer"): _P.REVIEW,
    ("POST", "/api/flights/{name}/findings/{number}/strike-off"): _P.REVIEW,
    ("GET", "/api/export/cases.csv"): _P.EXPORT,
    ("GET", "/api/export/cases.geojson"): _P.EXPORT,
    ("GET", "/api/export/cases/{case_id}.pdf"): _P.EXPORT,
    ("GET", "/api/map"): _P.VIEW,
    ("GET", "/api/map/layers"): _P.VIEW,
    ("GET", "/api/map/covers"): _P.VIEW,
    ("GET", "/api/figures"): _P.VIEW,
    ("GET", "/api/figures.csv"): _P.EXPORT,
    ("GET", "/api/models"): _P.VIEW,
    ("GET", "/api/models/candidates"): _P.VIEW,
    ("GET", "/api/models/runs"): _P.VIEW,
    ("POST", "/api/models/candidates/{candidate_id}/promote"): _P.MODELS,
    ("POST", "/api/models/{name}/rollback"): _P.MODELS,
    ("POST", "/api/models/reload"): _P.MODELS,
}
