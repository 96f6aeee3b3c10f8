"""Imports of members over HTTP: a CSV file as the body, read as it comes."""

import io
from collections.abc import Mapping
from typing import IO, Any, ClassVar

import django_filters
from django.conf import settings
from django.http import StreamingHttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.idempotency import require_key
from loyalty.foundation.web.negotiation import FileNegotiation
from loyalty.foundation.web.parsers import RequestTooLarge
from loyalty.foundation.web.views import ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import or_waiting
from loyalty.points import api, queries
from loyalty.points.models import MemberImport
from loyalty.points.rest.calls import IDEMPOTENCY_KEY, answer
from loyalty.points.rest.filters import (
    CURSOR,
    PAGE_SIZE,
    KeysetList,
    keyset_page,
    read_id,
    read_page_size,
    read_whole,
    refuse_filter,
)

ROWS_MAX = 10**9 - 1


class LimitedStream:
    """A body that refuses to be longer than ``LOYALTY_IMPORT_BYTES_MAX``."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = settings.LOYALTY_IMPORT_BYTES_MAX

    def read(self, size: int, /) -> bytes:
        """Give up to so many bytes, none at the end.

        :raises RequestTooLarge: the body is longer than the limit.
        """
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise RequestTooLarge(f"A file has at most {settings.LOYALTY_IMPORT_BYTES_MAX} bytes.")
        return block


class CsvParser(BaseParser):
    """Hands the body on as a stream."""

    media_type = "text/csv"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Give the stream."""
        return LimitedStream(stream)


class ImportSerializer(serializers.Serializer[MemberImport]):
    """An import, how far it is and what it did."""

    id = serializers.UUIDField(source="public_id")
    program = serializers.UUIDField(source="program_public_id")
    file_name = serializers.CharField()
    rows_total = serializers.IntegerField()
    rows_done = serializers.IntegerField()
    rows_imported = serializers.IntegerField()
    rows_refused = serializers.IntegerField()
    customers_created = serializers.IntegerField()
    members_enrolled = serializers.IntegerField()
    points_imported = serializers.IntegerField()
    run_id = serializers.UUIDField(source="run_public_id", allow_null=True)
    created_at = serializers.DateTimeField()


class ImportResultSerializer(serializers.Serializer[Any]):
    """What became of a row; no code means that it was taken in."""

    row = serializers.IntegerField()
    customer_ref = serializers.CharField()
    wallet = serializers.CharField()
    points_balance = serializers.IntegerField()
    code = serializers.CharField()
    account_id = serializers.UUIDField(allow_null=True)
    transaction_id = serializers.UUIDField(allow_null=True)


class ImportResultPage(KeysetList):
    """A page of results."""

    results = ImportResultSerializer(many=True)


class ImportFilter(django_filters.FilterSet):
    """By program."""

    program = django_filters.UUIDFilter(field_name="program_public_id")

    class Meta:
        model = MemberImport
        fields: list[str] = []


PROGRAM = OpenApiParameter("program", OpenApiTypes.UUID, required=True, description="The program to join.")
FILE_NAME = OpenApiParameter("file_name", OpenApiTypes.STR, description="How the file is called.")
ONLY = OpenApiParameter("only", OpenApiTypes.STR, enum=["refused"], description="Only the rows that were refused.")


class ImportViewSet(ReadOnlyApiViewSet):
    """Members with their opening points, from a CSV file."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "points.view",
        "retrieve": "points.view",
        "create": "points.import",
        "results": "points.view",
        "report": "points.view",
    }
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": "program_public_id"}
    scoped_names: ClassVar[Mapping[str, str]] = {"?program": "program"}
    queryset = MemberImport.objects.order_by("-id")
    serializer_class = ImportSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = ImportFilter

    def get_parsers(self) -> list[BaseParser]:
        """Read a file where one is sent."""
        is_file = getattr(getattr(self, "request", None), "method", "") == "POST"
        return [CsvParser()] if is_file else super().get_parsers()

    @extend_schema(
        request={"text/csv": OpenApiTypes.BINARY},
        responses={202: or_waiting("ImportTaken", ImportSerializer), 200: ImportSerializer},
        parameters=[PROGRAM, FILE_NAME, IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Read a file and take its rows in as a run; the same key with the same file gives the same import.

        Where so many points wait for others, 202 tells the request instead, and the file is kept as it was read.
        """
        program_id, key = read_id(request, "program"), require_key(request)
        if program_id is None:
            raise refuse_filter("program", "Name the program.")
        # Where nothing is sent there is nothing to parse, and the framework hands over an empty form.
        file: Any = request.data if hasattr(request.data, "read") else io.BytesIO()
        file_name = request.query_params.get("file_name", "").replace("\x00", "")[:200]
        made, is_new = api.start_import(
            program_id=program_id,
            file=file,
            file_name=file_name,
            key=key,
            actor=self.actor,
            now=clock.now(),
        )
        told = answer(self.get_serializer(made).data, is_replay=not is_new, is_created=False)
        told.status_code = 202 if is_new else 200
        return told

    @extend_schema(responses={200: ImportResultPage}, parameters=[CURSOR, PAGE_SIZE, ONLY], filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def results(self, request: Request, **kwargs: Any) -> Response:
        """List what became of the rows, in the order of the file."""
        made, size = self.get_object(), read_page_size(request)
        only_refused = request.query_params.get("only") == "refused"
        after = read_whole(request, "cursor", 0, 0, ROWS_MAX)
        rows = queries.list_import_results(made, after=after, limit=size, only_refused=only_refused)
        count = made.rows_refused if only_refused else made.rows_done
        last = str(rows[-1]["row"]) if len(rows) == size else None
        return Response(keyset_page(request, list(ImportResultSerializer(rows, many=True).data), last, count, True))

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY}, filters=False)
    @action(
        detail=True,
        methods=["get"],
        pagination_class=None,
        filter_backends=[],
        content_negotiation_class=FileNegotiation,
    )
    def report(self, request: Request, **kwargs: Any) -> StreamingHttpResponse:
        """Download what became of every row as CSV."""
        made = self.get_object()
        return StreamingHttpResponse(
            api.import_result_lines(made.public_id),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="import-{made.public_id}.csv"'},
        )
