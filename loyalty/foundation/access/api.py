"""Front door of access."""

from loyalty.foundation.access.contracts import IssuedToken, PermissionView, UserView
from loyalty.foundation.access.operations import (
    check_not_above,
    check_password,
    create_token,
    create_user,
    ensure_administrator,
    install_shipped_roles,
    revoke_tokens,
)
from loyalty.foundation.access.policy import catalogue as list_permissions
from loyalty.foundation.access.queries import view_of

__all__ = [
    "IssuedToken",
    "PermissionView",
    "UserView",
    "check_not_above",
    "check_password",
    "create_token",
    "create_user",
    "ensure_administrator",
    "install_shipped_roles",
    "list_permissions",
    "revoke_tokens",
    "view_of",
]
