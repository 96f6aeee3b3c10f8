"""What the verbs over HTTP share: the key of a call, permissions that depend on what is asked, and the answer."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.web.idempotency import fingerprint
from loyalty.foundation.web.permissions import PermissionMissing, Permitted
from loyalty.points import api

SCOPE = "http"
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="A key of the caller's own that names this one change; required here or in the body.",
)


def key_of(verb: str, key: str, content: Any, *, request: Request, **address: str) -> api.Key:
    """Make the key of a call: its content is what was sent, without the key itself, and what its address names.

    Whose it is belongs to it: nobody sees the answer to another's key, and one key never moves points for two callers.
    """
    told = {name: value for name, value in content.items() if name != "idempotency_key"} | address
    owner = str(getattr(request.user, "public_id", ""))
    return api.Key(scope=SCOPE, key=key, request_hash=fingerprint({"verb": verb, "content": told, "owner": owner}))


def has_permission(request: Request, code: str) -> bool:
    """Tell whether the caller holds a permission, as a user and by the token's scopes."""
    holders = [holder for holder in (request.user, request.auth) if isinstance(holder, Permitted)]
    return bool(holders) and all(holder.has_permission(code) for holder in holders)


def require_permission(request: Request, code: str) -> None:
    """Refuse when the caller lacks a permission that depends on what is asked.

    :raises PermissionMissing: the caller does.
    """
    if not has_permission(request, code):
        raise PermissionMissing(f"This needs the permission {code}.", permission=code)


def answer(body: Mapping[str, Any], *, is_replay: bool, is_created: bool) -> Response:
    """Answer a call; a replay has the same body, 200, and the header that says so."""
    headers = {"Idempotent-Replayed": "true"} if is_replay else {}
    return Response(body, status=201 if is_created and not is_replay else 200, headers=headers)


def burn_body(receipt: api.BurnReceipt) -> dict[str, Any]:
    """Tell what was redeemed and what it is worth."""
    return {
        "transaction_id": receipt.transaction_id,
        "account_id": receipt.account_id,
        "points_amount": receipt.points_amount,
        "points_balance": receipt.points_balance,
        "value": {"amount": format(receipt.value.amount, "f"), "currency": receipt.value.currency},
    }
