"""What features refuses."""

from loyalty.foundation.kernel.errors import Invalid, NotFound, Unavailable


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


class PlatformFactsUnknown(NotFound):
    """No domain offers a group of facts of that name."""

    code = "features.group_unknown"
    title = "No such group of facts"


class FieldChangeRefused(Invalid):
    """A field cannot be changed in that way: a precedence of a field that only one source has, an unknown null kind."""

    code = "features.change_refused"
    title = "The field cannot be changed so"


class PolicyInvalid(Invalid):
    """A source, strategy or time by which features cannot be collected."""

    code = "features.policy_invalid"
    title = "Features cannot be collected so"


class FeaturesUnavailable(Unavailable):
    """A source that may know the customer does not answer, and nothing stands in for it."""

    code = "features.unavailable"
    title = "The features cannot be read now"
