"""Routes of templates: drafts, versions, previews."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api as customers
from loyalty.delivery import api
from loyalty.delivery.models import MessageTemplate, TemplateVersion
from loyalty.delivery.rest import template_bodies as bodies
from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking
from loyalty.foundation.web.etag import if_match
from loyalty.foundation.web.views import AllowListedOrdering, ReadOnlyApiViewSet


class TemplateFilter(django_filters.FilterSet):
    """By channel and state; without ``is_archived`` archived ones are listed too."""

    channel = django_filters.ChoiceFilter(choices=[(one, one) for one in bodies.CHANNELS])
    is_archived = django_filters.BooleanFilter()
    is_published = django_filters.BooleanFilter(field_name="published", lookup_expr="isnull", exclude=True)

    class Meta:
        model = MessageTemplate
        fields = ("channel", "is_archived", "is_published")


class MessageTemplateViewSet(ReadOnlyApiViewSet):
    """Templates of messages, newest first."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "delivery.view",
        "retrieve": "delivery.view",
        "create": "delivery.edit_templates",
        "partial_update": "delivery.edit_templates",
        "destroy": "delivery.edit_templates",
        "publish": "delivery.publish_templates",
        "restore": "delivery.edit_templates",
        "versions": "delivery.view",
        "version": "delivery.view",
        "preview": "delivery.view",
        "test_send": "delivery.test_templates",
    }
    queryset = MessageTemplate.objects.order_by("-id")
    serializer_class = bodies.TemplateSerializer
    filter_backends: Any = (DjangoFilterBackend, SearchFilter, AllowListedOrdering)
    filterset_class = TemplateFilter
    search_fields = ("code", "name", "description")
    ordering_fields: ClassVar[list[str]] = ["code", "name", "channel", "updated_at"]

    @extend_schema(request=bodies.NewTemplate, responses={201: bodies.TemplateSerializer})
    def create(self, request: Request) -> Response:
        """Make a template."""
        body = bodies.NewTemplate(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        template = api.create_template(
            code=given.pop("code"),
            channel=given.pop("channel"),
            draft=bodies.draft_of(given),
            actor=self.actor,
            now=clock.now(),
        )
        return self.respond_with(template, status=201)

    @extend_schema(request=bodies.ChangedTemplate, responses={200: bodies.TemplateSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the draft; what is published stays until it is published anew."""
        template = self.get_object()
        body = bodies.ChangedTemplate(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        is_archived = given.pop("is_archived", template.is_archived)
        changed = api.change_template(
            template_id=template.public_id,
            draft=replace(api.draft_of(template), **bodies.typed(given)),
            is_archived=is_archived,
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request, read=template.version),
        )
        return self.respond_with(changed)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Delete a template that was never published."""
        api.delete_template(template_id=self.get_object().public_id, actor=self.actor, now=clock.now())
        return Response(status=204)

    @extend_schema(request=bodies.Publish, responses={200: bodies.TemplateSerializer})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, **kwargs: Any) -> Response:
        """Make the draft the version that messages are written with from now on."""
        template = self.get_object()
        body = bodies.Publish(data=request.data)
        body.is_valid(raise_exception=True)
        published = api.publish_template(
            template_id=template.public_id,
            note=body.validated_data["note"],
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self.respond_with(published)

    @extend_schema(request=bodies.Restore, responses={200: bodies.TemplateSerializer})
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, **kwargs: Any) -> Response:
        """Make an older version the draft."""
        template = self.get_object()
        body = bodies.Restore(data=request.data)
        body.is_valid(raise_exception=True)
        restored = api.restore_version(
            template_id=template.public_id,
            number=body.validated_data["number"],
            actor=self.actor,
            now=clock.now(),
            check_version=if_match(request),
        )
        return self.respond_with(restored)

    @extend_schema(responses={200: bodies.TemplateVersionSerializer(many=True)})
    @action(detail=True, methods=["get"], filter_backends=())
    def versions(self, request: Request, **kwargs: Any) -> Response:
        """What was published, newest first."""
        rows: QuerySet[TemplateVersion] = self.get_object().versions.order_by("-number")
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(bodies.TemplateVersionSerializer(page, many=True).data)

    @extend_schema(responses={200: bodies.WholeVersionSerializer})
    @action(detail=True, methods=["get"], url_path="versions/(?P<number>[0-9]{1,6})")
    def version(self, request: Request, number: str, **kwargs: Any) -> Response:
        """One version, with its texts."""
        found = api.get_template_version(self.get_object(), int(number))
        return Response(bodies.WholeVersionSerializer(found).data)

    @extend_schema(request=bodies.Preview, responses={200: bodies.TemplatePreviewAnswer})
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, **kwargs: Any) -> Response:
        """Show it as a customer gets it, or as the samples of its variables make it; nothing is kept or tracked."""
        template = self.get_object()
        body = bodies.Preview(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        draft, number = self._draft(template, given)
        values, language = self._values(request, given)
        shown = api.preview_template(
            channel=template.channel,
            draft=draft,
            number=number,
            values={**values, **given["values"]},
            language=given["language"] or language,
        )
        return Response(bodies.TemplatePreviewAnswer(shown).data)

    @extend_schema(request=bodies.TemplateTest, responses={202: bodies.TemplateTestSent})
    @action(detail=True, methods=["post"], url_path="test-send")
    def test_send(self, request: Request, **kwargs: Any) -> Response:
        """Send it to an address of one's own, as the preview shows it; it counts nowhere."""
        template = self.get_object()
        body = bodies.TemplateTest(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        draft, number = self._draft(template, given)
        customer = self._customer(given)
        if customer is not None:
            # What goes out names the customer, and cannot be masked without being another message.
            masking.require_reveal(request, [str(customer.id)])
        own = {name: getattr(customer, name) for name in api.OWN_VARIABLES} if customer is not None else {}
        language = api.language_of(customer.id, customer.language) if customer is not None else ""
        test_id = api.test_template(
            template=template,
            draft=draft,
            number=number,
            values={**own, **given["values"]},
            language=given["language"] or language,
            customer_id=customer.id if customer is not None else None,
            to=given["to"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"test_id": test_id, "to": given["to"]}, status=202)

    @staticmethod
    def _draft(template: MessageTemplate, given: Mapping[str, Any]) -> tuple[api.TemplateDraft, int]:
        """Give what is to be shown: a version, or the kept draft with what is edited and not saved."""
        if given["version"] is not None:
            return api.draft_of(api.get_template_version(template, given["version"])), given["version"]
        edited = {name: given[name] for name in bodies.DRAFT_FIELDS if name in given}
        return replace(api.draft_of(template), **bodies.typed(edited)), 0

    @staticmethod
    def _customer(given: Mapping[str, Any]) -> customers.CustomerView | None:
        customer_id: uuid.UUID | None = given["customer_id"]
        if customer_id is not None:
            return customers.get_customer(customer_id)
        return customers.get_customer_by_ref(given["customer_ref"]) if given["customer_ref"] else None

    def _values(self, request: Request, given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Give a customer's values, masked for those who may not see them, and their language."""
        customer = self._customer(given)
        if customer is None:
            return {}, ""
        values = {name: getattr(customer, name) for name in api.OWN_VARIABLES}
        is_revealed = masking.reveal(request, [str(customer.id)])
        return (values if is_revealed else masking.masked(values)), api.language_of(customer.id, customer.language)
