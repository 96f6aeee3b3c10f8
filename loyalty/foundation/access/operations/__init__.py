"""Writes of access: users, roles, what they grant to whom, and tokens."""

from loyalty.foundation.access.operations.granting import check_not_above, check_within, set_roles
from loyalty.foundation.access.operations.roles import (
    add_pattern,
    assign_role,
    change_role,
    create_role,
    delete_role,
    install_shipped_roles,
    remove_pattern,
    take_role,
)
from loyalty.foundation.access.operations.tokens import (
    create_token,
    issue_token,
    revoke_token,
    revoke_tokens,
    rotate_token,
    touch_token,
)
from loyalty.foundation.access.operations.users import (
    change_user,
    check_password,
    create_user,
    ensure_administrator,
    ensure_partner,
)

__all__ = [
    "add_pattern",
    "assign_role",
    "change_role",
    "change_user",
    "check_not_above",
    "check_password",
    "check_within",
    "create_role",
    "create_token",
    "create_user",
    "delete_role",
    "ensure_administrator",
    "ensure_partner",
    "install_shipped_roles",
    "issue_token",
    "remove_pattern",
    "revoke_token",
    "revoke_tokens",
    "rotate_token",
    "set_roles",
    "take_role",
    "touch_token",
]
