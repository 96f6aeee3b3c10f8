"""Base views: declared permissions, lookup by public id, ETags on single objects."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework import mixins, viewsets
from rest_framework.filters import OrderingFilter
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.grants import Grant
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.actors import actor_of
from loyalty.foundation.web.etag import etag_for


class AllowListedOrdering(OrderingFilter):
    """``?ordering=``: only what the view lists in ``ordering_fields``; anything else is ignored."""

    def get_default_valid_fields(self, queryset: Any, view: Any, context: Any = None) -> list[tuple[str, str]]:
        """Give nothing: a view that lists no fields has no ordering."""
        return []


class Scoped(APIView):
    """What every route of ours declares about callers whose permission has bounds (``web.scoping``).

    ``scoped_by`` maps a dimension to the ORM path that narrows the queryset, or to ``scoping.NAMED``; a route that
    declares none is closed to such callers. ``scoped_names`` tells by which parts of path, body or (in a read) query
    the route finds what it is about, each with its kind: ``{"id": "program", "account_id": "account"}``; a dot leads
    into an object, and ``?program`` is read from the query of a write. ``scoped_batch`` is the body's list of which
    each entry is a call by itself. ``own_acts`` names the actions (or methods) that make what is
    the caller's own from the beginning, and so are open to who may do it to their own. ``limited_by`` names the members
    of the body that a limit by amount counts.
    """

    permissions: ClassVar[dict[str, str]] = {}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {}
    scoped_names: ClassVar[Mapping[str, str]] = {}
    scoped_batch: ClassVar[str] = scoping.BATCH
    own_acts: ClassVar[tuple[str, ...]] = ()
    limited_by: ClassVar[tuple[str, ...]] = ()

    @property
    def actor(self) -> Actor:
        """The one that asks."""
        return actor_of(self.request)

    @property
    def grant(self) -> Grant | None:
        """The permission of this route as the caller holds it; None on routes that ask for none."""
        return getattr(self.request, "grant", None)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let no answer out that nothing kept within the caller's bounds."""
        try:
            scoping.seal(request, self, response)
        except scoping.ScopeUnsupported as refusal:
            response = self.handle_exception(refusal)
        return super().finalize_response(request, response, *args, **kwargs)


class ApiView(Scoped):
    """A single-purpose route; ``permissions`` maps the lower-case method to a permission."""


class ApiViewSet(Scoped, viewsets.GenericViewSet[Any]):
    """A family of routes on one resource; ``permissions`` maps the action to a permission.

    Writes go through the domain's ``api``; a view set never saves a model itself.
    """

    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/.]+"
    ordering_fields: ClassVar[list[str]] = []
    filter_backends = (AllowListedOrdering,)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Give the rows that the caller may see and the filters leave."""
        return super().filter_queryset(scoping.narrow(queryset, self, self.grant))

    def get_object(self) -> Any:
        """Find the row that the address names among those the caller may see.

        :raises NotFound: there is none, or the text is no identifier.
        """
        try:
            public_id = parse_public_id(self.kwargs[self.lookup_url_kwarg])
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such object.") from refusal
        rows: QuerySet[Model] = scoping.narrow(self.get_queryset(), self, self.grant)
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
