"""The audit log: newest first, narrowed, searched, as a file, and held against its chain."""

from typing import Any, ClassVar

import django_filters
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.audit import api, queries
from loyalty.foundation.audit.errors import ExportTooLarge
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.audit.operations.verifying import RUN_KIND
from loyalty.foundation.audit.registry import link_of
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.negotiation import FileNegotiation
from loyalty.foundation.web.pagination import KeysetPages, count_about
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet
from loyalty.foundation.work import api as work

# More rows are verified by a worker, with progress; fewer while the caller waits a second or two.
ROWS_AT_ONCE_MAX = 500_000


class AuditEntrySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One row of the log; ``block`` is the link of the chain that covers it, null while it waits to be sealed."""

    id = serializers.UUIDField(source="public_id")
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor_ref = serializers.CharField()
    actor_name = serializers.CharField()
    act = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_ref = serializers.CharField()
    link = serializers.SerializerMethodField()
    before = ExactJSONField()
    after = ExactJSONField()
    reason = serializers.CharField()
    request_id = serializers.CharField()
    remote_address = serializers.CharField()
    user_agent = serializers.CharField()
    block = serializers.SerializerMethodField()
    is_sealed = serializers.SerializerMethodField()

    def get_link(self, entry: AuditEntry) -> str:
        """Give where the console shows the subject."""
        return link_of(entry.subject_kind, entry.subject_ref)

    def get_block(self, entry: AuditEntry) -> int | None:
        """Give the number of the block."""
        blocks: dict[int, int | None] = self.context.get("blocks", {})
        return blocks.get(entry.pk)

    def get_is_sealed(self, entry: AuditEntry) -> bool:
        """Tell whether the row is under the chain."""
        return self.get_block(entry) is not None


class AuditFilter(django_filters.FilterSet):
    """What the log can be narrowed by; ``search`` finds ids whole, acts by their beginning, words by parts."""

    at_after = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    at_before = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")
    search = django_filters.CharFilter(method="find", max_length=200)

    class Meta:
        model = AuditEntry
        fields = (
            "act", "actor_kind", "actor_ref", "subject_kind", "subject_ref", "request_id", "remote_address",
        )  # fmt: skip

    def find(self, rows: QuerySet[AuditEntry], name: str, text: str) -> QuerySet[AuditEntry]:
        """Search; the text of an id goes along indexes, words are looked for from the newest row backwards."""
        try:
            public_id = parse_public_id(text.strip())
        except PublicIdInvalid:
            words = Q(actor_name__icontains=text) | Q(reason__icontains=text) | Q(subject_ref=text)
            return rows.filter(words | Q(act__startswith=text) | Q(request_id=text) | Q(remote_address=text))
        told = str(public_id)
        refs = Q(subject_ref=told) | Q(actor_ref=told) | Q(request_id=told) | Q(public_id=public_id)
        return rows.filter(refs)


class AuditLogViewSet(ReadOnlyApiViewSet):
    """The audit log."""

    permissions: ClassVar[dict[str, str]] = {"list": "audit.view", "retrieve": "audit.view"}
    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = AuditFilter

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Read the blocks of all rows of a page at once."""
        shown = args[0] if args else []
        entries = shown if isinstance(shown, list) else [shown] if isinstance(shown, AuditEntry) else []
        blocks = queries.blocks_of([entry.pk for entry in entries]) if entries else {}
        kwargs["context"] = {**self.get_serializer_context(), "blocks": blocks}
        return AuditEntrySerializer(*args, **kwargs)


class AuditExportView(ApiView):
    """The log as a file."""

    content_negotiation_class = FileNegotiation

    permissions: ClassVar[dict[str, str]] = {"get": "audit.export"}

    @extend_schema(
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR)
            for name in (*AuditFilter.Meta.fields, "at_after", "at_before", "search")
        ],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Give the rows that the filters of the list leave, newest first, as CSV; the export is recorded itself."""
        narrowed = AuditFilter(request.query_params, queryset=AuditEntry.objects.all(), request=request)
        if not narrowed.is_valid():
            raise serializers.ValidationError(dict(narrowed.errors))
        rows = narrowed.qs
        count, _ = count_about(rows)
        limit = settings.LOYALTY_AUDIT_EXPORT_ROWS_MAX
        if count > limit:
            raise ExportTooLarge(
                f"About {count:,} rows are meant, and a file takes {limit:,}; narrow them.", rows=count
            )
        now = clock.now()
        filters = {name: value for name, value in request.query_params.items() if name in narrowed.filters}
        # What is recorded now stands behind what is exported.
        newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
        with transaction.atomic():
            api.record(
                actor=self.actor, act="audit.export", subject_kind="audit", subject_ref="export", at=now,
                after={"filters": filters, "rows": count},
            )  # fmt: skip
        return StreamingHttpResponse(
            queries.csv_lines(rows.filter(id__lte=newest)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="audit-{now:%Y%m%dT%H%M%SZ}.csv"'},
        )


class FaultSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One thing wrong with the log."""

    kind = serializers.CharField()
    block = serializers.IntegerField(allow_null=True)
    entry_id = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField()


class AnchorSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A block that was told outside."""

    at = serializers.DateTimeField()
    block = serializers.IntegerField()
    hash = serializers.CharField()


class VerificationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a look at the chain found, and where the chain ends now."""

    verified_at = serializers.DateTimeField(allow_null=True)
    is_full = serializers.BooleanField(allow_null=True)
    is_intact = serializers.BooleanField(allow_null=True)
    block_from = serializers.IntegerField(allow_null=True)
    block_to = serializers.IntegerField(allow_null=True)
    blocks = serializers.IntegerField()
    rows = serializers.IntegerField()
    anchors = serializers.IntegerField()
    fault_count = serializers.IntegerField()
    faults = FaultSerializer(many=True)
    unsealed = serializers.IntegerField()
    last_block = AnchorSerializer(allow_null=True)
    last_anchor = AnchorSerializer(allow_null=True)


class VerifyWrite(StrictSerializer):
    """How much to look at."""

    full = serializers.BooleanField(required=False, default=False)


class VerifyRun(serializers.Serializer):  # type: ignore[type-arg]
    """The run that looks at a log too long to wait for."""

    run_id = serializers.UUIDField()


NEVER: dict[str, Any] = {
    **dict.fromkeys(("verified_at", "is_full", "is_intact", "block_from", "block_to")),
    **dict.fromkeys(("blocks", "rows", "anchors", "fault_count"), 0),
    "faults": [],
}


class AuditVerifyView(ApiView):
    """The chain."""

    permissions: ClassVar[dict[str, str]] = {"get": "audit.view", "post": "audit.verify"}

    @extend_schema(responses={200: VerificationSerializer})
    def get(self, request: Request) -> Response:
        """Give what the last look found; all null and 0 when nobody ever looked."""
        return Response(self._told(queries.find_last_verification()))

    @extend_schema(request=VerifyWrite, responses={200: VerificationSerializer, 202: VerifyRun})
    def post(self, request: Request) -> Response:
        """Look now: at what came since the last look, or with ``full`` at everything (a long log: 202 with the run)."""
        body = VerifyWrite(data=request.data)
        body.is_valid(raise_exception=True)
        is_full, now = body.validated_data["full"], clock.now()
        api.seal(now=now)
        if is_full and count_about(AuditEntry.objects.all())[0] > ROWS_AT_ONCE_MAX:
            run = work.start(
                kind=RUN_KIND, subject_kind="audit", subject_ref="chain", params={}, actor=self.actor, now=now
            )
            return Response({"run_id": run.id}, status=202)
        return Response(self._told(api.verify(now=now, is_full=is_full)))

    @staticmethod
    def _told(view: api.VerificationView | None) -> dict[str, Any]:
        told = view.as_dict() if view else dict(NEVER)
        told["unsealed"] = queries.count_unsealed()
        ends = {"last_block": queries.last_block(), "last_anchor": queries.last_anchor_told()}
        return {**told, **{name: AnchorSerializer(end).data if end else None for name, end in ends.items()}}
