"""Routes of a journey's versions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.views import ApiView
from loyalty.journeys import api
from loyalty.journeys.models import Journey
from loyalty.journeys.queries import journeys as reads
from loyalty.journeys.rest import serializers


class OfJourneyView(ApiView):
    """A route about one journey, which the address names."""

    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED, "own": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "journey"}

    @property
    def journey(self) -> Journey:
        """The journey.

        :raises NotFound: the text is no identifier, or there is none.
        """
        try:
            return reads.get_journey(parse_public_id(self.kwargs["id"]))
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such journey.") from refusal


class VersionsView(OfJourneyView):
    """The versions of a journey."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}

    @extend_schema(responses={200: serializers.JourneyVersionSerializer(many=True)})
    def get(self, request: Request, **kwargs: Any) -> Response:
        """List them, the newest first, with how many are inside of each."""
        return Response(serializers.JourneyVersionSerializer(reads.list_versions(self.journey), many=True).data)


class VersionView(OfJourneyView):
    """One version."""

    permissions: ClassVar[dict[str, str]] = {"get": "journeys.view"}

    @extend_schema(responses={200: serializers.JourneyVersionDetailSerializer})
    def get(self, request: Request, number: int, **kwargs: Any) -> Response:
        """Give it with its graph."""
        journey = self.journey
        version = reads.get_version(journey, number)
        told = next(one for one in reads.list_versions(journey) if one["number"] == number)
        return Response(serializers.JourneyVersionDetailSerializer({**told, "graph": version.graph}).data)


class RestoreView(OfJourneyView):
    """A version that is to be the draft again."""

    permissions: ClassVar[dict[str, str]] = {"post": "journeys.change"}

    @extend_schema(request=None, responses={200: serializers.SavedDraftSerializer})
    def post(self, request: Request, number: int, **kwargs: Any) -> Response:
        """Make it the draft."""
        saved = api.restore(journey_id=self.journey.public_id, number=number, actor=self.actor, now=clock.now())
        problems = reads.problem_bodies(api.problems_of(saved.draft))
        return Response({"revision": saved.revision, "saved_at": saved.saved_at.isoformat(), "problems": problems})
