"""Numbered pages for lists that stay small, keyset pages for tables that grow without bound."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.response import Response

PAGE_SIZE_DEFAULT = 25
PAGE_SIZE_MAX = 500
# Up to here counting is cheap enough to be exact.
COUNT_EXACT_MAX = 10_000


class NumberedPages(PageNumberPagination):
    """``{count, next, previous, results}`` by ``page`` and ``page_size``."""

    page_size = PAGE_SIZE_DEFAULT
    page_size_query_param = "page_size"
    max_page_size = PAGE_SIZE_MAX


def count_about(rows: QuerySet[Any]) -> tuple[int, bool]:
    """Count exactly up to a bound, above it take the planner's estimate; tell which it was."""
    plain = rows.order_by()
    exact = plain[: COUNT_EXACT_MAX + 1].count()
    if exact <= COUNT_EXACT_MAX:
        return exact, True
    sql, params = plain.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return max(int(plan[0]["Plan"]["Plan Rows"]), exact), False


class KeysetPages(CursorPagination):
    """``{count, count_is_exact, next, previous, results}`` by ``cursor``; the view's ``keyset`` orders."""

    page_size = PAGE_SIZE_DEFAULT
    page_size_query_param = "page_size"
    max_page_size = PAGE_SIZE_MAX
    ordering = "-id"

    def get_ordering(self, request: Any, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """Take the view's own order; a caller cannot choose one that no index serves."""
        chosen = getattr(view, "keyset", self.ordering)
        return (chosen,) if isinstance(chosen, str) else tuple(chosen)

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        """Cut the page and remember about how many rows there are."""
        self._count, self._is_exact = count_about(queryset)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as fault:
            # A forged cursor names a place that the ordering column cannot hold.
            if self.cursor_query_param in request.query_params:
                raise NotFound(self.invalid_cursor_message) from fault
            raise

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap the page."""
        return Response(
            {
                "count": self._count,
                "count_is_exact": self._is_exact,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page for OpenAPI."""
        described = super().get_paginated_response_schema(schema)
        described["properties"]["count"] = {"type": "integer"}
        described["properties"]["count_is_exact"] = {"type": "boolean"}
        return described
