"""Reading filters and wrapping keyset pages whose rows do not come from a queryset."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from loyalty.foundation.kernel.errors import FieldProblem, Invalid
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.pagination import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from loyalty.ledger import api as ledger


class FilterInvalid(Invalid):
    """A filter has a value that it does not take."""

    code = "filter.invalid"
    title = "A filter cannot be read"


def refuse_filter(name: str, message: str) -> FilterInvalid:
    """Make the refusal of one filter."""
    return FilterInvalid(message, problems=[FieldProblem(name, "invalid", message)])


def read_id(request: Request, *names: str) -> uuid.UUID | None:
    """Read a filter that is an id, under any of its names."""
    for name in names:
        raw = request.query_params.get(name)
        if raw:
            try:
                return parse_public_id(raw)
            except PublicIdInvalid as refusal:
                raise refuse_filter(name, "This is not an identifier.") from refusal
    return None


def read_whole(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Read a filter that is a whole number within bounds."""
    raw = request.query_params.get(name, "")
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 9 or not low <= int(raw) <= high:
        raise refuse_filter(name, f"Give a whole number from {low} to {high}.")
    return int(raw)


def read_instant(raw: str) -> datetime:
    """Read an instant with its offset.

    :raises FilterInvalid: it is none.
    """
    try:
        at = parse_datetime(raw.replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise refuse_filter("as_of", "Give an instant with its offset, such as 2026-11-20T12:00:00Z.")
    return at


def read_basis(request: Request) -> ledger.AsOfBasis:
    """Read by which time the past is told.

    :raises FilterInvalid: it is no basis.
    """
    raw = request.query_params.get("basis") or ledger.AsOfBasis.RECORDED.value
    try:
        return ledger.AsOfBasis(raw)
    except ValueError as fault:
        raise refuse_filter("basis", "Give occurred or recorded.") from fault


def keyset_page(request: Request, rows: Sequence[Any], last: str | None, count: int, is_exact: bool) -> dict[str, Any]:
    """Wrap one page; ``last`` is the cursor behind it, None when nothing follows. Pages go forward only."""
    following = None
    if last is not None:
        query = request._request.GET.copy()
        query["cursor"] = last
        following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return {"count": count, "count_is_exact": is_exact, "next": following, "previous": None, "results": list(rows)}


class KeysetList(serializers.Serializer[Any]):
    """The envelope of a keyset page."""

    count = serializers.IntegerField()
    count_is_exact = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


def read_page_size(request: Request) -> int:
    """Read how many rows a page has."""
    return read_whole(request, "page_size", PAGE_SIZE_DEFAULT, 1, PAGE_SIZE_MAX)


CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="Where the page begins; taken from `next`.")
PAGE_SIZE = OpenApiParameter("page_size", OpenApiTypes.INT, description=f"Up to {PAGE_SIZE_MAX}.")
