"""Front door of access."""

from loyalty.foundation.access.contracts import IssuedToken, PermissionView, PersonView, UserView
from loyalty.foundation.access.operations import (
    check_not_above,
    check_password,
    create_token,
    create_user,
    ensure_administrator,
    install_shipped_roles,
    revoke_tokens,
    set_roles,
)
from loyalty.foundation.access.policy import catalogue as list_permissions
from loyalty.foundation.access.queries import (
    actor_refs_of,
    find_person_behind,
    find_role_codes,
    list_people,
    may,
    may_as,
    view_of,
)
from loyalty.foundation.access.registry import register_demand

__all__ = [
    "IssuedToken",
    "PermissionView",
    "PersonView",
    "UserView",
    "actor_refs_of",
    "check_not_above",
    "check_password",
    "create_token",
    "create_user",
    "ensure_administrator",
    "find_person_behind",
    "find_role_codes",
    "install_shipped_roles",
    "list_people",
    "list_permissions",
    "may",
    "may_as",
    "register_demand",
    "revoke_tokens",
    "set_roles",
    "view_of",
]
