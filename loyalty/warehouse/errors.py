"""What warehouse refuses."""

from loyalty.foundation.kernel.errors import Invalid, Unavailable


class WarehouseUnavailable(Unavailable):
    """The warehouse does not answer, or its breaker is open."""

    code = "warehouse.unavailable"
    title = "The warehouse does not answer"


class WarehouseTimeout(WarehouseUnavailable):
    """A statement took longer than the warehouse allows us."""

    code = "warehouse.timeout"
    title = "The warehouse took too long"


class WarehouseMismatch(WarehouseUnavailable):
    """A table or column that we ask for is not there, or has another type."""

    code = "warehouse.mismatch"
    title = "The warehouse looks different"


class WarehouseNotConfigured(WarehouseUnavailable):
    """No address of a warehouse is set, or its kind has no connector here."""

    code = "warehouse.not_configured"
    title = "No warehouse is configured"


class WarehouseRowsTooMany(Invalid):
    """A statement has more rows than the caller allowed."""

    code = "warehouse.too_many_rows"
    title = "Too many rows"
