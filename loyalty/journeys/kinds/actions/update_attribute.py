"""Change an attribute of the customer; waits for attributes that the platform itself keeps."""

from loyalty.journeys.kinds.actions.missing import MissingAction


class UpdateAttribute(MissingAction):
    """Not usable before customers keep attributes of the platform."""

    kind = "update_attribute"
    title = "Change an attribute"
    description = "A value of the customer is set."
    icon = "i-lucide-pencil"
    group = "customers"
    unavailable_reason = (
        "What is known of customers comes from the BSS and the warehouse, which are only read; the platform keeps no "
        "attributes of its own yet."
    )
