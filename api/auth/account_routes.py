"""Users, API keys and the audit log, for administrators."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.api_keys import ApiKey
from api.auth.audit import AuditEntry
from api.auth.guard import AccessDep, IdentityDep
from api.auth.role import Permission, Role
from api.auth.users import User
from api.deps import ERRORS
from api.problem import Told

router = APIRouter(prefix="/api", tags=["access"], responses=ERRORS)


class UserRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2, max_length=64)
    role: Role


class UserChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    disabled: bool | None = None


class UserWithPassword(BaseModel):
    """The password is told once; it must be changed at the first sign-in."""

    user: User
    one_time_password: str


class KeyRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    scopes: list[Permission] = Field(min_length=1, max_length=20)
    expires_at: AwareDatetime | None = None


class KeyWithSecret(BaseModel):
    """The secret is told once."""

    key: ApiKey
    secret: str


class AuditPage(BaseModel):
    """Newest first; `next_before` asks for the page behind it."""

    items: list[AuditEntry]
    next_before: int | None


class AuditAnswer(BaseModel):
    intact: bool
    entries: int
    head: str
    faults: list[Told]


@router.get("/users")
def list_users(access: AccessDep) -> list[User]:
    """Everybody, by name."""
    return list(access.users.all())


@router.post("/users", status_code=201)
def add_user(body: UserRequest, identity: IdentityDep, access: AccessDep) -> UserWithPassword:
    """A new user with a one-time password."""
    user, password = access.add_user(identity, body.name, body.role)
    return UserWithPassword(user=user, one_time_password=password)


@router.patch("/users/{name}")
def change_user(name: str, body: UserChange, identity: IdentityDep, access: AccessDep) -> User:
    """Another role, or disabled; at once."""
    return access.change_user(identity, name, role=body.role, disabled=body.disabled)


@router.post("/users/{name}/password")
def reset_password(name: str, identity: IdentityDep, access: AccessDep) -> UserWithPassword:
    """A new one-time password."""
    user, password = access.reset_password(identity, name)
    return UserWithPassword(user=user, one_time_password=password)


@router.get("/keys")
def list_keys(access: AccessDep) -> list[ApiKey]:
    """All keys, revoked ones too, without their secrets."""
    return list(access.keys.all())


@router.post("/keys", status_code=201)
def add_key(body: KeyRequest, identity: IdentityDep, access: AccessDep) -> KeyWithSecret:
    """A new key."""
    key, secret = access.add_key(identity, body.name, body.scopes, body.expires_at)
    return KeyWithSecret(key=key, secret=secret)


@router.delete("/keys/{key_id}")
def revoke_key(key_id: UUID, identity: IdentityDep, access: AccessDep) -> ApiKey:
    """Ends a key at once."""
    return access.revoke_key(identity, key_id)


@router.get("/audit")
def list_audit(
    access: AccessDep,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    actor: Annotated[str | None, Query(max_length=100)] = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who did what."""
    found = access.audit.entries(before_seq=before, actor=actor, action=action, limit=limit)
    more = len(found) == limit and found[-1].seq > 1
    return AuditPage(items=list(found), next_before=found[-1].seq if more else None)


@router.get("/audit/verify")
def verify_audit(
    access: AccessDep, head: Annotated[str | None, Query(max_length=64)] = None
) -> AuditAnswer:
    """Reads the whole log and checks its chain."""
    report = access.audit.verify(head)
    return AuditAnswer(
        intact=report.intact,
        entries=report.entries,
        head=report.head,
        faults=[Told(**fault.told()) for fault in report.faults],
    )
