"""Registers configuration with Django: its own two sections, and that changes of connectors can wait for consent."""

from typing import ClassVar

from django.apps import AppConfig


class ConfigurationConfig(AppConfig):
    """Runtime settings and sealed secrets."""

    name = "loyalty.foundation.configuration"
    label = "configuration"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See the configuration; secrets are never shown",
        "manage": "Change the configuration and go back to earlier versions",
        "test": "Test connections, with values that are not saved yet too",
    }

    def ready(self) -> None:
        """Register the sections that belong to no domain, and let egress read its policy from here."""
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.configuration import api
        from loyalty.foundation.configuration.operations import own_sections
        from loyalty.foundation.kernel import approving
        from loyalty.foundation.resilience import egress

        audit.register_link("configuration", "/admin/settings/{ref}")
        # A bad word in the environment stops the process when it starts, not at the first call.
        egress.current_policy()
        api.register_section(own_sections.EGRESS)
        api.register_section(own_sections.SYSTEM)
        egress.provide_policy(own_sections.egress_policy)
        approving.register_subject(
            approving.Subject(
                kind=api.APPROVAL_KIND,
                title="Change of a connection",
                permission="configuration.manage",
                apply=api.apply_approved,
                describe=api.describe_approval,
                words=api.APPROVAL_WORDS,
                is_still_valid=api.is_still_valid,
            )
        )
