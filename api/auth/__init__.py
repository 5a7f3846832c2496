"""Who may do what: users, sessions, API keys, roles and the audit log."""

from api.auth.access import Access
from api.auth.config import AccessConfig
from api.auth.identity import Identity
from api.auth.role import Permission, Role

__all__ = ["Access", "AccessConfig", "Identity", "Permission", "Role"]
