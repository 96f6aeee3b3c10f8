"""Registers customers with Django."""

from typing import ClassVar

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers."""

    name = "loyalty.customers"
    label = "customers"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See customers and their consents; names, addresses and dates of birth masked",
        "view_pii": "See names, addresses and dates of birth of customers; each look is in the audit log",
        "change": "Change consents",
        "erase": "Erase a customer's personal data for good; accounts and postings stay",
        "merge": "Merge a customer into another one who turned out to be the same person",
        "manage_attributes": "Define attributes that are kept about customers",
        "set_attributes": "Set attributes of customers",
        "manage_devices": "Register and remove devices of customers that push messages reach",
        "import": "Import customers from the BSS, and send what it tells of single ones",
        "manage_sources": "Create and remove sources of signed events",
    }

    def ready(self) -> None:
        """Register the import as a kind of run, the section of the BSS, and what reveals personal data."""
        from loyalty.customers import api, handlers, tasks
        from loyalty.customers.operations import merging
        from loyalty.customers.operations.section import XIVA
        from loyalty.customers.operations.watching import SYSTEM_FIELD
        from loyalty.customers.rest import looking
        from loyalty.foundation.approvals import api as approvals
        from loyalty.foundation.audit import api as audit
        from loyalty.foundation.configuration import api as configuration
        from loyalty.foundation.events import api as events
        from loyalty.foundation.exchange import api as exchange
        from loyalty.foundation.web import masking
        from loyalty.foundation.work import api as work

        approvals.register_subject(
            approvals.Subject(
                kind=merging.KIND, title="Merge of two customers", permission="customers.merge", apply=merging.apply,
                describe=merging.describe, words=merging.WORDS, is_still_valid=merging.is_still_valid,
            )
        )  # fmt: skip
        events.subscribe("customer.merged", name="customers.on_customer_merged", handler=handlers.on_customer_merged)
        audit.register_link("customer", "/customers/{ref}")
        audit.register_link("customer_attribute", "/customers/attributes")
        masking.register_reveal(looking.VIEW_PII, looking.note)
        exchange.register_receiver("customer.", api.take_events)
        for family in ("bss.customer_", "bss.consent_"):
            exchange.register_receiver(family, api.take_profiles, permission="customers.import")
        work.register(api.IMPORT_RUN_KIND, tasks.execute_import)
        configuration.register_section(XIVA)
        configuration.extend_section("system", SYSTEM_FIELD)
