"""Base views: declared permissions, lookup by public id, ETags on single objects."""

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework import mixins, viewsets
from rest_framework.filters import OrderingFilter
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.actors import actor_of
from loyalty.foundation.web.etag import etag_for


class AllowListedOrdering(OrderingFilter):
    """``?ordering=``: only what the view lists in ``ordering_fields``; anything else is ignored."""

    def get_default_valid_fields(self, queryset: Any, view: Any, context: Any = None) -> list[tuple[str, str]]:
        """Give nothing: a view that lists no fields has no ordering."""
        return []


class ApiView(APIView):
    """A single-purpose route; ``permissions`` maps the lower-case method to a permission."""

    permissions: ClassVar[dict[str, str]] = {}

    @property
    def actor(self) -> Actor:
        """The one that asks."""
        return actor_of(self.request)


class ApiViewSet(viewsets.GenericViewSet[Any]):
    """A family of routes on one resource; ``permissions`` maps the action to a permission.

    Writes go through the domain's ``api``; a view set never saves a model itself.
    """

    permissions: ClassVar[dict[str, str]] = {}
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/.]+"
    ordering_fields: ClassVar[list[str]] = []
    filter_backends = (AllowListedOrdering,)

    @property
    def actor(self) -> Actor:
        """The one that asks."""
        return actor_of(self.request)

    def get_object(self) -> Any:
        """Find the row that the address names among those the caller may see.

        :raises NotFound: there is none, or the text is no identifier.
        """
        try:
            public_id = parse_public_id(self.kwargs[self.lookup_url_kwarg])
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such object.") from refusal
        rows: QuerySet[Model] = self.get_queryset()
        found = rows.filter(**{self.lookup_field: public_id}).first()
        if found is None:
            raise NotFound("There is no such object.")
        return found

    def respond_with(self, instance: Any, *, status: int = 200) -> Response:
        """Answer with one object and its ETag."""
        response = Response(self.get_serializer(instance).data, status=status)
        if hasattr(instance, "version"):
            response["ETag"] = etag_for(instance.version)
        return response


class ReadOnlyApiViewSet(mixins.ListModelMixin, ApiViewSet):
    """List and read; both need their permission declared."""

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Answer with one object."""
        return self.respond_with(self.get_object())
