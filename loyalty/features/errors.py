"""What features refuses."""

from loyalty.foundation.kernel.errors import Invalid, NotFound


class FieldUnknown(NotFound):
    """The catalogue has no such field."""

    code = "field.not_found"
    title = "Field not found"


class TooManyCustomers(Invalid):
    """More customers in one call than the bound."""

    code = "features.too_many_customers"
    title = "Too many customers at once"
