"""What audit refuses."""

from loyalty.foundation.kernel.errors import Unprocessable


class ExportTooLarge(Unprocessable):
    """More rows are asked for than one file takes."""

    code = "audit.export_too_large"
    title = "Too many rows for one file"
