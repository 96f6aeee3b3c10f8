"""What population refuses."""

from loyalty.foundation.kernel.errors import Invalid


class CustomersFileInvalid(Invalid):
    """The file is not a CSV with a header, the column of ids and at least one usable row."""

    code = "customers_file.invalid"
    title = "The customers file cannot be used"
