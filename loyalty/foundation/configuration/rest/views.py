"""Routes of configuration: sections, their versions, roll-back, Test Connection."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.configuration import api
from loyalty.foundation.configuration.rest import serializers
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.etag import etag_for
from loyalty.foundation.web.pagination import NumberedPages
from loyalty.foundation.web.views import ApiView
from loyalty.foundation.web.waiting import WaitingAnswer

# Smaller than the version of any section.
NO_VERSION = -1


class SectionsView(ApiView):
    """All sections."""

    permissions: ClassVar[dict[str, str]] = {"get": "configuration.view"}

    @extend_schema(responses={200: serializers.ConfigurationSerializer})
    def get(self, request: Request) -> Response:
        """Give every section with the values that count now, without the state of connections."""
        rows = [serializers.section_body(api.view(one.code, with_state=False)) for one in api.list_specs()]
        return Response({"sections": rows})


class SectionView(ApiView):
    """One section."""

    permissions: ClassVar[dict[str, str]] = {"get": "configuration.view", "post": "configuration.manage"}

    @extend_schema(responses={200: serializers.ConfigurationSectionSerializer})
    def get(self, request: Request, section: str) -> Response:
        """Give the values that count now and where each comes from; of a secret only whether there is one."""
        view = api.view(section)
        return Response(serializers.section_body(view), headers={"ETag": etag_for(view.version)})

    @extend_schema(
        request=serializers.SectionChangeSerializer,
        responses={200: serializers.SavedSectionSerializer, 202: WaitingAnswer},
    )
    def post(self, request: Request, section: str) -> Response:
        """Change what is named, as a new version that counts at once; If-Match or ``expected_version`` guard it."""
        body = serializers.SectionChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        saved = api.save(
            code=section,
            values=body.validated_data["values"],
            actor=self.actor,
            now=clock.now(),
            expected_version=expected_version(request, body.validated_data),
            reason=body.validated_data["reason"],
        )
        return saved_response(saved)


class SectionRollbackView(ApiView):
    """Back to an earlier version."""

    permissions: ClassVar[dict[str, str]] = {"post": "configuration.manage"}

    @extend_schema(
        request=serializers.SectionRollbackSerializer,
        responses={200: serializers.SavedSectionSerializer, 202: WaitingAnswer},
    )
    def post(self, request: Request, section: str) -> Response:
        """Give the section the values of an earlier version, as a new one; secrets stay while the endpoint does."""
        body = serializers.SectionRollbackSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        saved = api.roll_back(
            code=section,
            version=body.validated_data["version"],
            actor=self.actor,
            now=clock.now(),
            expected_version=expected_version(request, body.validated_data),
            reason=body.validated_data["reason"],
        )
        return saved_response(saved)


class SectionTestView(ApiView):
    """Test Connection; a system that is away is an answer, not a fault."""

    permissions: ClassVar[dict[str, str]] = {"get": "configuration.test", "post": "configuration.test"}

    @extend_schema(responses={200: serializers.ConnectionTestSerializer})
    def get(self, request: Request, section: str) -> Response:
        """Try the connection as it counts now."""
        return Response(serializers.report_body(api.test(section)))

    @extend_schema(request=serializers.SectionTestSerializer, responses={200: serializers.ConnectionTestSerializer})
    def post(self, request: Request, section: str) -> Response:
        """Try it with the values given on top, which are not saved; a stored secret goes only where it belongs."""
        body = serializers.SectionTestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(serializers.report_body(api.test(section, body.validated_data["values"])))


class SectionStatusView(ApiView):
    """What a domain tells of its section beside the values."""

    permissions: ClassVar[dict[str, str]] = {"get": "configuration.view"}

    @extend_schema(responses={200: dict})
    def get(self, request: Request, section: str) -> Response:
        """Give the state of the section's system as this process knows it, without calling it."""
        return Response(dict(api.view(section).state))


class SectionVersionsView(ApiView):
    """The versions of a section."""

    permissions: ClassVar[dict[str, str]] = {"get": "configuration.view"}

    @extend_schema(responses={200: serializers.SectionVersionSerializer(many=True)})
    def get(self, request: Request, section: str) -> Response:
        """List what was changed, by whom and why, the newest first."""
        pages = NumberedPages()
        rows: list[Any] = pages.paginate_queryset(api.list_versions(section), request, view=self) or []
        return pages.get_paginated_response(serializers.SectionVersionSerializer(rows, many=True).data)


def expected_version(request: Request, body: dict[str, Any]) -> int | None:
    """Give the version on which a change was made: of the body, else of If-Match, of which a foreign tag fits none."""
    if body["expected_version"] is not None:
        return int(body["expected_version"])
    tag = request.headers.get("If-Match", "").strip()
    if tag in ("", "*"):
        return None
    bare = tag.strip('"')
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 10 else NO_VERSION


def saved_response(saved: api.Saved) -> Response:
    """Give a section after a change."""
    body = serializers.section_body(api.view(saved.code))
    told = {"changed": list(saved.changed), "secrets_cleared": list(saved.secrets_cleared)}
    return Response({**body, **told}, headers={"ETag": etag_for(saved.version)})
