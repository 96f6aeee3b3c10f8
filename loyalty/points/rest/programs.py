"""What points adds to programs over HTTP: figures, and the simulator."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import scoping
from loyalty.foundation.web.views import ApiView
from loyalty.points import api, queries
from loyalty.points.rest.serializers import SimulateWrite, SimulationAnswer
from loyalty.programs.api import SHORT_FORMS, TERMS, ProgramNotFound

PROMISES = (*SHORT_FORMS, *TERMS, "tiers")


class TierFigures(serializers.Serializer[Any]):
    """How many members a tier has."""

    code = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    members = serializers.IntegerField()


class PointsFigures(serializers.Serializer[Any]):
    """What was issued and where it went."""

    earned = serializers.IntegerField()
    burned = serializers.IntegerField()
    expired = serializers.IntegerField()
    outstanding = serializers.IntegerField()


class GrowthFigures(serializers.Serializer[Any]):
    """New members in a month."""

    month = serializers.DateField()
    new_members = serializers.IntegerField()


class AnalyticsAnswer(serializers.Serializer[Any]):
    """A program in figures."""

    program = serializers.UUIDField()
    members = serializers.IntegerField()
    tiers = TierFigures(many=True)
    points = PointsFigures()
    redemption_rate = serializers.CharField(help_text="Burned of earned, from 0 to 1, as a decimal text.")
    growth = GrowthFigures(many=True)
    as_of = serializers.DateTimeField()


def program_id_of(text: str) -> uuid.UUID:
    """Read the program's id in an address.

    :raises ProgramNotFound: it is none.
    """
    try:
        return parse_public_id(text)
    except PublicIdInvalid as refusal:
        raise ProgramNotFound() from refusal


class AnalyticsView(ApiView):
    """A program in figures."""

    permissions: ClassVar[dict[str, str]] = {"get": "programs.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "program"}

    @extend_schema(responses={200: AnalyticsAnswer})
    def get(self, request: Request, id: str) -> Response:
        """Members by tier, points earned and burned, redemption rate, growth by month."""
        return Response(queries.get_program_figures(program_id_of(id), now=clock.now()))


class SimulateView(ApiView):
    """Try a purchase."""

    permissions: ClassVar[dict[str, str]] = {"post": "programs.view"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"program": scoping.NAMED}
    scoped_names: ClassVar[Mapping[str, str]] = {"id": "program"}

    @extend_schema(request=SimulateWrite, responses={200: SimulationAnswer})
    def post(self, request: Request, id: str) -> Response:
        """Give points and the trace for a sample purchase; nothing is written."""
        return simulated(request.data, program_id_of(id))


class SimulateUnsavedView(ApiView):
    """Try a purchase on a program that is not saved."""

    permissions: ClassVar[dict[str, str]] = {"post": "programs.view"}

    @extend_schema(
        operation_id="loyaltyPrograms_simulate_unsaved", request=SimulateWrite, responses={200: SimulationAnswer}
    )
    def post(self, request: Request) -> Response:
        """Give points and the trace for a sample purchase under the document in ``program``; nothing is written."""
        return simulated(request.data, None)


def simulated(sent: Any, program_id: uuid.UUID | None) -> Response:
    """Simulate as ``sent`` says and answer."""
    body = SimulateWrite(data=sent)
    body.is_valid(raise_exception=True)
    given, now = body.validated_data, clock.now()
    draft: dict[str, Any] = given.get("program", {})
    if program_id is None and "program" not in given:
        raise serializers.ValidationError({"program": ["Give the document to try."]}, code="required")
    promised = {**draft, **given}
    currency = given["currency"] or (str(draft.get("currency", "")) if program_id is None else "")
    wanted = api.SimulateRequest(
        program_id=program_id,
        amount=given.get("transaction_amount"),
        currency=currency,
        timezone=str(draft.get("timezone", "UTC")),
        event_type=given["event_type"],
        context=given["transaction_context"],
        occurred_at=given.get("occurred_at", now),
        account_id=given.get("account_id"),
        customer_id=given.get("customer_id"),
        customer_ref=given.get("customer_ref", ""),
        tier_code=given.get("tier_code"),
        points_lifetime=given.get("points_lifetime"),
        segment_codes=tuple(given["segment_codes"]) if "segment_codes" in given else None,
        program_version=given.get("program_version"),
        changes={name: promised[name] for name in PROMISES if name in promised},
        points_to_burn=given.get("points_to_burn"),
    )
    simulation = api.simulate(request=wanted, now=now)
    told: dict[str, Any] = dict(SimulationAnswer(simulation).data)
    if simulation.value is not None:
        amount, currency = simulation.value.amount, simulation.value.currency
        told["value"] = {"amount": format(amount, "f"), "currency": currency}
    return Response(told)
