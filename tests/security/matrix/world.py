"""Two programs side by side, with one of everything that can be named in each, and people with known data."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.db.models import Model
from pytest_django import DjangoDbBlocker

from loyalty.campaigns.models import Campaign
from loyalty.foundation.access.models import User
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work
from loyalty.journeys.models import Journey
from loyalty.programs.models import Program
from loyalty.segments.models import Segment, SegmentSnapshot
from tests.campaigns.scene import CONTENT, SCHEDULE
from tests.gateways import world as outside
from tests.journeys.ground import graph_of, wait
from tests.programs.documents import document
from tests.security.matrix.callers import ME, OTHER, PARTNER
from tests.security.matrix.routes import NOWHERE

MAIL = {"subject": "Hello", "body": "You have points."}
# What no answer may carry to somebody who may not see personal data.
SECRETS = ("Quillfeather", "Brambleton", "quill.feather@canary.test", "+96171998877", "1987-03-14")


@dataclass(frozen=True)
class Side:
    """One program and the ids of what stands in it, by kind."""

    ids: Mapping[str, str]

    @property
    def program(self) -> str:
        """The program's id."""
        return self.ids["program"]


@dataclass(frozen=True)
class Sides:
    """The world, the side of the bounded callers, the other one, and one that is nowhere."""

    KINDS: ClassVar[tuple[str, ...]] = (
        "program", "account", "transaction", "hold", "pool", "campaign", "partner", "journey",
        "journey_execution", "segment", "owned_program",
    )  # fmt: skip

    world: outside.World
    mine: Side
    other: Side
    nowhere: Side
    people: tuple[str, ...]
    customer: str


def make_side(world: outside.World, name: str, people: list[str]) -> Side:
    """Make a program with an account, a transaction, a hold, a household, a campaign, a journey and a segment."""
    program = world.make("loyaltyPrograms/", {**document(), "name": name, "code": name})["id"]
    accounts = [world.make("loyaltyAccounts/", {"customer_id": one, "program_id": program})["id"] for one in people]
    earn = {"account_id": accounts[0], "transaction_amount": "2000.00"}
    made = world.make("services/points/earn/", earn, f"earn-{name}")
    hold = world.make("services/points/hold/", {"account_id": accounts[0], "points": 10}, f"hold-{name}")
    pool = world.make("pools/", {"name": name, "program_id": program, "customer_id": people[0]})
    campaign = world.make(
        "campaigns/",
        {
            "name": f"Campaign {name}", "program": program, "trigger": SCHEDULE, "channels": ["email"],
            "content": CONTENT, "status": "ACTIVE",
        },
    )  # fmt: skip
    world.make(f"campaigns/{campaign['id']}/trigger/", {"occurrence": name})
    graph = graph_of({"w": wait()}, ["start w", "w end"], {"re_entry": "never"})
    journey = world.make("journeys/", {"name": f"Journey {name}", "program": program, "graph": graph})["id"]
    world.make(f"journeys/{journey}/publish/", {"revision": 1})
    world.make(f"journeys/{journey}/activate/", {})
    begun = world.make(f"journeys/{journey}/start/", {"customer_id": people[0]})
    segment = world.make("segments/", {"name": f"Segment {name}", "kind": "static"})["id"]
    world.make("segmentMembers/", {"segment": segment, "customer_id": people[0]})
    file = f"customer_ref,points_balance\nIMPORTED-{name},5\n"
    sent = world.client.post(
        f"{outside.V1}pointsImports/?program={program}",
        file,
        content_type="text/csv",
        headers={"Idempotency-Key": f"import-{name}"},
    )
    assert sent.status_code == 202, sent.content
    return Side(
        {
            "program": program,
            "account": accounts[0],
            "transaction": made["transaction_id"],
            "hold": hold["hold_id"],
            "pool": pool["id"],
            "campaign": campaign["id"],
            "journey": journey,
            "journey_execution": begun["execution_id"],
            "segment": segment,
            "owned_program": program,
            "partner": PARTNER,
        }
    )


def give_to(side: Side, person: uuid.UUID) -> None:
    """Have what stands on a side be somebody's own; so far it is of the one who made the world, each by its token."""
    maker = str(User.objects.get(username="wild").public_id)
    owned: tuple[tuple[type[Model], str], ...] = (
        (Program, "program"), (Campaign, "campaign"), (Journey, "journey"), (Segment, "segment"),
    )  # fmt: skip
    for model, kind in owned:
        made = model._default_manager.filter(public_id=side.ids[kind], owner_ref=maker)
        assert made.update(owner_ref=str(person)) == 1, f"the {kind} is not its maker's own"
    SegmentSnapshot.objects.create(
        segment=Segment.objects.get(public_id=side.ids["segment"]),
        taken_at=outside.NOW, member_count=1, added_count=1, removed_count=0,
    )  # fmt: skip


def make_sides() -> Sides:
    """Make both sides; the clock must stand at ``NOW``."""
    world = outside.make_world()
    people = outside.load_people(("M-1", "M-2"))
    canary = outside.load_canary(SECRETS)
    mine = make_side(world, "MINE", [*people, canary])
    other = make_side(world, "OTHER", [*people, canary])
    for side, person in ((mine, ME), (other, OTHER)):
        give_to(side, person)
    while work.execute_next(now=outside.NOW):
        pass
    world.look()
    key = world.make("partnerApiKeys/", {"partner_ref": PARTNER, "name": "till", "scopes": ["points.earn"]})
    world.ids["partnerApiKeys"] = [key["id"]]
    world.ids["journeys"], world.ids["journeyExecutions"] = [mine.ids["journey"]], [mine.ids["journey_execution"]]
    step = {"name": "Second person", "permission": "approvals.decide"}
    kinds = world.client.get(f"{outside.V1}approvalWorkflows/kinds/").json()
    waiting = {
        "kind": (kinds["results"] if isinstance(kinds, dict) else kinds)[0]["kind"],
        "name": "Gifts",
        "is_active": False,
        "steps": [step],
    }
    world.ids["approvalWorkflows"] = [world.make("approvalWorkflows/", waiting)["id"]]
    template = {"code": "welcome", "channel": "email", "name": "Welcome", "fallback_languages": ["en"]}
    world.ids["messageTemplates"] = [world.make("messageTemplates/", {**template, "content": {"en": MAIL}})["id"]]
    mapping = {
        "source": "till",
        "name": "Sales",
        "type": "customer.purchase",
        "id_path": "$.id",
        "subject_path": "$.who",
    }
    world.ids["eventMappings"] = [world.make("eventMappings/", mapping)["id"]]
    nowhere = Side(dict.fromkeys(Sides.KINDS, NOWHERE))
    return Sides(world, mine, other, nowhere, tuple(people), canary)


class Undo(Exception):
    """Ends a savepoint so that nothing of it stays."""


@contextmanager
def standing(django_db_blocker: DjangoDbBlocker) -> Iterator[Sides]:
    """Hold the world within pytest, as ``held`` does."""
    with django_db_blocker.unblock(), held() as sides:
        yield sides


@contextmanager
def held() -> Iterator[Sides]:
    """Hold the world in one transaction that is rolled back in the end; the clock stands still, nothing is limited."""
    with pytest.MonkeyPatch.context() as patch, clock.use(clock.FixedClock(outside.NOW)):
        patch.setattr(settings, "DWH_POSTGRESQL_URL", "")
        patch.setattr(settings, "XIVA_API_BASE_URL", "")
        patch.setattr(settings, "LOYALTY_RATE_LIMITS", {})
        try:
            with transaction.atomic():
                sides = make_sides()
                # Only now: the test client, which made the world, connects them again after each call.
                for signal in (request_started, request_finished):
                    signal.disconnect(close_old_connections)
                yield sides
                raise Undo
        except Undo:
            pass
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """Run something of which nothing stays."""
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass
