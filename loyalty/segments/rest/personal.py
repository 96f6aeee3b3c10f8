"""Rules are no way around the mask: who is in a segment of one day of birth was born on it."""

from typing import Any

from rest_framework.request import Request

from loyalty.foundation.web import masking


def refuse_personal(request: Request, told: Any) -> None:
    """Refuse rules over personal fields to a caller who may not see personal data.

    :raises PermissionMissing: they name one, and the caller may not.
    """
    if masking.mentions_personal(told):
        masking.require_reveal(request, [])
