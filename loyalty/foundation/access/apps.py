"""Registers access with Django and collects every domain's permissions."""

from importlib import import_module
from typing import ClassVar

from django.apps import AppConfig, apps

from loyalty.foundation.access import policy


class AccessConfig(AppConfig):
    """Users, roles, permissions, tokens."""

    name = "loyalty.foundation.access"
    label = "access"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See users, roles and permissions",
        "manage_users": "Create and change users and their roles",
        "manage_roles": "Create and change roles",
        "manage_tokens": "Create, rotate and revoke API tokens",
        "manage_partner_keys": "Create, rotate and revoke the keys of partners",
    }

    def ready(self) -> None:
        """Take the ``permissions`` that each application's configuration declares into the catalogue."""
        from loyalty.foundation.access.operations import asking, rights
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.kernel import approving

        import_module("loyalty.foundation.access.rest.openapi")
        approving.register_subject(
            approving.Subject(
                kind=asking.KIND,
                title="Change of a role, or of who holds it",
                permission=rights.MANAGE_ROLES,
                permission_of=asking.permission_of,
                apply=asking.apply_approved,
                describe=rights.describe,
                words=rights.WORDS,
                is_still_valid=asking.is_still_valid,
            )
        )
        audit.register_link("user", "/admin/users/{ref}")
        audit.register_link("role", "/admin/roles/{ref}")
        for app in apps.get_app_configs():
            policy.register(app.label, getattr(app, "permissions", {}))
