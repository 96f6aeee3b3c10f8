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
    """A table or column that we ask for is not there, or the warehouse understands a statement otherwise."""

    code = "warehouse.mismatch"
    title = "The warehouse looks different"


class WarehouseColumnMissing(WarehouseMismatch):
    """A column that we ask for is not there, or no longer."""

    code = "warehouse.column_missing"
    title = "A column of the warehouse is missing"


class WarehouseTypeChanged(WarehouseMismatch):
    """A column holds values of another type than the catalogue says."""

    code = "warehouse.type_changed"
    title = "A column of the warehouse has another type"


class WarehouseKeyNull(WarehouseMismatch):
    """A row of the features table names no customer."""

    code = "warehouse.null_key"
    title = "A row of the warehouse names no customer"


class WarehouseKeyDuplicate(WarehouseMismatch):
    """Two rows of the features table name the same customer."""

    code = "warehouse.duplicate_key"
    title = "Two rows of the warehouse name the same customer"


class WarehouseDenied(WarehouseMismatch):
    """The warehouse's role may not do what a statement asks."""

    code = "warehouse.denied"
    title = "The warehouse's role may not do this"


class WarehouseQueryInvalid(WarehouseMismatch):
    """The custom query is not one harmless SELECT, or the warehouse cannot read it."""

    code = "warehouse.query_invalid"
    title = "The custom query cannot be used"


class WarehouseQueryForOne(WarehouseMismatch):
    """The custom query gives only one customer's row, so it cannot serve a set of customers."""

    code = "warehouse.query_for_one_customer"
    title = "The custom query serves one customer only"


class WarehouseRoleUnsafe(WarehouseMismatch):
    """The warehouse's role may do more than read, so no custom query runs under it."""

    code = "warehouse.role_unsafe"
    title = "The warehouse's role may do more than read"


class WarehouseNotConfigured(WarehouseUnavailable):
    """No address of a warehouse is set, or it cannot be used, or its kind has no connector here."""

    code = "warehouse.not_configured"
    title = "No warehouse is configured"


class WarehouseAddressRefused(WarehouseNotConfigured):
    """The warehouse's address leads where the administrator does not allow calls to go."""

    code = "warehouse.address_refused"
    title = "The warehouse's address is not allowed"


class WarehouseDriverMissing(WarehouseNotConfigured):
    """The driver of the configured kind of warehouse is not installed."""

    code = "warehouse.driver_missing"
    title = "The warehouse's driver is not installed"


class WarehouseAnswerTooLarge(Invalid):
    """An answer has more bytes than the settings allow."""

    code = "warehouse.answer_too_large"
    title = "The answer is too large"


class WarehouseRowsTooMany(Invalid):
    """A statement has more rows than the caller or the settings allowed."""

    code = "warehouse.too_many_rows"
    title = "Too many rows"
