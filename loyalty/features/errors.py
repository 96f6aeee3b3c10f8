"""What features refuses."""

from loyalty.foundation.kernel.errors import Invalid, NotFound


class FieldNotFound(NotFound):
    """The catalogue has no field of that name."""

    code = "field.not_found"
    title = "No such field"


class CustomersTooMany(Invalid):
    """More customers in one call than the stated limit."""

    code = "features.too_many_customers"
    title = "Too many customers in one call"


class FeatureSourceInvalid(Invalid):
    """A data source or merge strategy that does not exist."""

    code = "features.source_invalid"
    title = "No such source or strategy"
