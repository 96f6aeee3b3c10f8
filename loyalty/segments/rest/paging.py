"""Pages of members, in the order of the customers' internal ids, which never leave the house."""

from datetime import UTC, datetime, time
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.web.pagination import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from loyalty.segments.models import Segment
from loyalty.segments.policy import bitmaps
from loyalty.segments.queries import membership


def read_instant(text: str) -> datetime:
    """Read an instant, or a date, which means its end in UTC.

    :raises ValidationError: it is neither.
    """
    try:
        instant, day = parse_datetime(text), parse_date(text)
    except ValueError as fault:
        raise ValidationError({"as_of": f"{text[:40]!r} is no date."}) from fault
    if day is not None and len(text) == len("2026-11-28"):
        return datetime.combine(day, time.max, tzinfo=UTC)
    if instant is None:
        raise ValidationError({"as_of": f"{text[:40]!r} is no date or instant."})
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def find_instant(text: str) -> datetime | None:
    """Find the instant that a text means, or None when it looks like no date: then it may be an id."""
    return read_instant(text) if text[4:5] == "-" and text[:4].isdigit() and text[7:8] == "-" else None


def members_page(segment: Segment, request: Request) -> dict[str, Any]:
    """Give one page: ``{count, count_is_exact, next, previous, results}``; ``cursor`` is the customer before it."""
    told = request.query_params.get("as_of", "")
    at = read_instant(told) if told else None
    bits = membership.bits_of(segment) if at is None else membership.bits_as_of(segment, at)
    size = _size(request)
    rows = membership.list_members(segment, bits, after=_after(request), limit=size + 1, at=at)
    page, has_more = rows[:size], len(rows) > size
    here = request.build_absolute_uri()
    return {
        "count": bitmaps.count(bits),
        "count_is_exact": True,
        "next": replace_query_param(here, "cursor", str(page[-1].customer_id)) if has_more else None,
        "previous": None,
        "results": [
            {
                "id": f"{segment.public_id}:{row.customer_id}",
                "customer_id": str(row.customer_id),
                "customer_ref": row.customer_ref,
                "added_at": row.added_at,
            }
            for row in page
        ],
    }


def _size(request: Request) -> int:
    text = request.query_params.get("page_size", "")
    return min(int(text), PAGE_SIZE_MAX) if text.isascii() and text.isdigit() and int(text) else PAGE_SIZE_DEFAULT


def _after(request: Request) -> int:
    cursor = request.query_params.get("cursor", "")
    if not cursor:
        return -1
    try:
        named = [parse_public_id(cursor)]
    except PublicIdInvalid as fault:
        raise NotFound("There is no such page.") from fault
    row = sql.fetch_one("SELECT customer_id FROM customers_directory WHERE public_id = %s", named)
    if row is None:
        raise NotFound("There is no such page.")
    return int(row["customer_id"])
