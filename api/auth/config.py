"""How people and machines are let in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.auth.oidc import OidcConfig


class AccessConfig(BaseModel):
    """Sign-in, sessions and what is open without them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_idle_s: float = Field(default=8 * 3600, gt=0)
    """A session that is not used so long ends."""

    session_longest_s: float = Field(default=24 * 3600, gt=0)
    """Every session ends after so long."""

    lock_after_failures: int = Field(default=5, ge=1, le=100)
    """An account takes no sign-in for `lock_for_s` after so many failures in a row."""

    lock_for_s: float = Field(default=900, gt=0)
    address_failures: int = Field(default=30, ge=1)
    """Failures of one network address within `lock_for_s`, over all names, before it waits."""

    min_password_chars: int = Field(default=12, ge=8, le=128)
    open_ready: bool = True
    """/ready without signing in: it tells faults, but no pictures and no places."""

    open_metrics: bool = False
    """/metrics without signing in; else an API key with the scope `operate`."""

    always_secure_cookies: bool = False
    """False: `Secure` is left out for plain HTTP on loopback only, which some clients need."""

    undo_s: float = Field(default=8, ge=0, le=300)
    """How long a verdict given on the review page can be undone before it is committed."""

    oidc: OidcConfig | None = None
    """The city's own accounts, beside those that are kept here."""

    lease_s: float = Field(default=90, ge=5, le=3600)
    """How long an incident stays with an operator whose page is not heard from."""
