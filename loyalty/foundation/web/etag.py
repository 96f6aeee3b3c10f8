"""Optimistic edits: a version leaves as ETag and comes back as If-Match."""

from rest_framework.request import Request

from loyalty.foundation.kernel.editing import VersionCheck
from loyalty.foundation.kernel.errors import PreconditionFailed


class EditConflict(PreconditionFailed):
    """The object was changed after it was read."""

    code = "edit.conflict"
    title = "Changed in the meantime"


def etag_for(version: int) -> str:
    """Give the strong ETag of a version."""
    return f'"{version}"'


def check_if_match(request: Request, version: int) -> None:
    """Refuse an edit that was made on an older version; without the header the edit is taken as it is.

    :raises EditConflict: If-Match names another version.
    """
    wanted = request.headers.get("If-Match", "").strip()
    if wanted and wanted != "*" and etag_for(version) not in [part.strip() for part in wanted.split(",")]:
        raise EditConflict("Someone else changed this object; read it again.", current_version=version)


def if_match(request: Request, *, read: int | None = None) -> VersionCheck:
    """Give the check of a request's If-Match for the operation to make while it holds the row.

    :param read: the version that the view itself has read and completes the edit from, which must still stand.
    """

    def check(version: int) -> None:
        check_if_match(request, version)
        if read is not None and version != read:
            raise EditConflict("Someone else is changing this object; read it again.", current_version=version)

    return check
