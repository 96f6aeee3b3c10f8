"""Front door of access."""

from loyalty.foundation.access.contracts import IssuedToken, PermissionView, UserView
from loyalty.foundation.access.operations import (
    create_token,
    create_user,
    ensure_administrator,
    install_shipped_roles,
)
from loyalty.foundation.access.policy import catalogue as list_permissions

__all__ = [
    "IssuedToken",
    "PermissionView",
    "UserView",
    "create_token",
    "create_user",
    "ensure_administrator",
    "install_shipped_roles",
    "list_permissions",
]
