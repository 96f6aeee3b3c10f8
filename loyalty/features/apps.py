"""Registers features with Django."""

from typing import ClassVar

from django.apps import AppConfig


class FeaturesConfig(AppConfig):
    """Features."""

    name = "loyalty.features"
    label = "features"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See the field catalogue and the features of customers",
        "change": "Describe fields of the catalogue",
        "configure": "Choose where features come from, whose word counts and how long it is remembered",
    }

    def ready(self) -> None:
        """Contribute features to the whole view of a customer, and listen to news of customers."""
        from loyalty.customers import api as customers
        from loyalty.features import api, handlers
        from loyalty.features.kinds import attributes
        from loyalty.features.operations import sections
        from loyalty.features.policy.told import EVENT_TYPES
        from loyalty.foundation.configuration import api as configuration
        from loyalty.foundation.events import api as events

        configuration.register_section(sections.FEATURE_STORE)
        configuration.register_section(sections.ML)
        customers.register_overview_part("features", api.overview_part)
        api.register_platform_provider(attributes.GROUP, attributes.facts)
        api.register_words("ar", attributes.ARABIC)
        customers.register_attributes("features", api.follow_attributes)
        for kind in EVENT_TYPES:
            api.register_event_type(kind)
        # The BSS changed a customer that it told us of, or whoever fills the warehouse says that a row of it is new.
        for event_type, is_wanted in (
            ("customer.updated", api.is_bss_asked),
            ("customer.features_changed", api.is_cache_used),
        ):
            name = "features.on_" + event_type.replace(".", "_")
            events.subscribe(event_type, name=name, handler=handlers.on_customer_changed, is_wanted=is_wanted)
