"""The sealed original: a permission, a typed reason and an audit row open it."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ERRORS, RecordsDep
from detector.incidents import NotFoundError

router = APIRouter(prefix="/api/incidents", tags=["incidents"], responses=ERRORS)


class OriginalRequest(BaseModel):
    """Why the faces and plates in it must be seen."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=10, max_length=500)

    @field_validator("reason")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if len(set(value.strip())) < 4:
            raise PydanticCustomError("field_says_nothing", "write why, in at least ten characters")
        return value.strip()


@router.post(
    "/{incident_id}/evidence/{evidence_id}/original",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "video/mp4": {}}, "description": "Unmasked"}},
)
def open_original(
    incident_id: UUID,
    evidence_id: UUID,
    body: OriginalRequest,
    identity: IdentityDep,
    access: AccessDep,
    records: RecordsDep,
) -> Response:
    """The original behind a sealed row; the audit row is written before anything is shown."""
    row = next((r for r in records.queries.evidence(incident_id) if r.id == evidence_id), None)
    if row is None or row.variant != "sealed":
        raise NotFoundError(
            f"incident {incident_id} has no sealed original {evidence_id}", code="no_original"
        )
    detail = {"incident": str(incident_id), "reason": body.reason}
    access.audit.add(identity, "original_opened", row.key, detail)
    try:
        data = records.packer.open_sealed(row.key)
    except KeyError:
        raise NotFoundError(
            f"original {evidence_id} has been deleted by retention", code="original_deleted"
        ) from None
    return Response(data, media_type=row.media_type, headers={"Cache-Control": "no-store"})
