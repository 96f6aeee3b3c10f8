"""What the verbs over HTTP share: the key of a call, permissions that depend on what is asked, and the answer."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel.grants import Grant
from loyalty.foundation.web.idempotency import fingerprint
from loyalty.points import api

SCOPE = "http"
# By which a call names a member, for callers whose permission has bounds.
MEMBER_NAMES: Mapping[str, str] = {"account_id": "account", "program_id": "program"}
# The same in the queries of lists.
MEMBER_QUERY: Mapping[str, str] = {"account_id": "account", "account": "account", "program": "program"}
# All names by which the body of any verb says what it is about.
ACCOUNT_NAMES: Mapping[str, str] = {
    **MEMBER_NAMES,
    "from_account_id": "account",
    "transaction_id": "transaction",
    "pool_id": "pool",
}
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


def has_limit(request: Request) -> bool:
    """Tell whether the caller's permission has a limit by amount."""
    grant: Grant | None = getattr(request, "grant", None)
    return grant is not None and grant.points_max is not None


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
