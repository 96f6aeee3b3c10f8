"""A small world seen from outside: made through the front doors and the API, with the ids that addresses can name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rest_framework.test import APIClient

from loyalty.customers import api as customers
from loyalty.foundation.access import api as access
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.work import api as work
from tests.campaigns.scene import CONTENT, SCHEDULE
from tests.programs.documents import document

V1 = "/api/loyalty/v1/"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough phrase 4711"
PEOPLE = ("W-1", "W-2", "W-3", "W-4", "W-5")
# Address of a list -> name under which its ids are kept.
LISTS = (
    "apiTokens", "auditLogs", "campaignExecutions", "campaigns", "customers", "dwh/columns", "earnCaps",
    "eventSources", "events", "loyaltyAccounts", "loyaltyPrograms", "loyaltyRules", "loyaltyTiers",
    "loyaltyTransactions", "pointsExpiryRules", "roles", "runs", "segmentSnapshots", "segments", "users",
)  # fmt: skip


@dataclass
class World:
    """The token that may do everything, and the ids of what there is, by the list they stand in."""

    token: str
    client: APIClient
    ids: dict[str, list[str]] = field(default_factory=dict)
    static: str = ""

    def make(self, path: str, body: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """Create something that must come into being."""
        answer = self.client.post(V1 + path, body, headers={"Idempotency-Key": key} if key else {})
        assert answer.status_code < 300, (path, answer.content)
        made: dict[str, Any] = answer.json()
        return made

    def first(self, name: str) -> str:
        """Give one id of a list."""
        return self.ids[name][0]

    def look(self) -> None:
        """Read every list and keep its ids."""
        for name in LISTS:
            page = self.client.get(f"{V1}{name}/", {"page_size": 50})
            assert page.status_code == 200, (name, page.content)
            self.ids[name] = [str(row["id"]) for row in page.json()["results"]]
        members = self.client.get(f"{V1}segments/{self.static}/members/").json()["results"]
        self.ids["segmentMembers"] = [row["id"] for row in members]


def load_people(refs: tuple[str, ...] = PEOPLE) -> list[str]:
    """Make customers with addresses; all but the last allow marketing mail. Gives their ids."""
    records = [
        customers.CustomerRecord(
            customer_ref=ref,
            first_name=f"Name {ref}",
            last_name="Test",
            city="Beirut",
            email=f"{ref.lower()}@mail.test",
            phone=f"+96170000{number:03}",
            consents=(customers.ConsentRecord("email", "marketing", ref != refs[-1], NOW),),
        )
        for number, ref in enumerate(refs)
    ]
    customers.upsert_many(records, source="tests", actor=system_actor("tests"), now=NOW)
    return [str(public_id_of_ref(ref)) for ref in refs]


def load_canary(secrets: tuple[str, str, str, str, str]) -> str:
    """Make a customer of known first and last name, e-mail address, number and day of birth; gives the id."""
    first, last, email, phone, born = secrets
    record = customers.CustomerRecord(
        customer_ref="CANARY-1", first_name=first, last_name=last, city="Beirut", email=email, phone=phone,
        birth_date=date.fromisoformat(born), consents=(customers.ConsentRecord("email", "marketing", True, NOW),),
    )  # fmt: skip
    customers.upsert_many([record], source="tests", actor=system_actor("tests"), now=NOW)
    return str(public_id_of_ref("CANARY-1"))


def sign_in() -> World:
    """Make an administrator with a token."""
    user = access.ensure_administrator(username="wild", password=PASSWORD, email="wild@mail.test")
    issued = access.create_token(user_id=user.id, name="wild", now=NOW, lifetime=timedelta(days=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return World(token=issued.secret, client=client)


def purchase(event_id: str, customer_ref: str, amount: str = "120.00") -> dict[str, Any]:
    """Describe a purchase as a shop sends it."""
    return {
        "event_id": event_id,
        "event_type": "customer.purchase",
        "customer_ref": customer_ref,
        "occurred_at": clock.now().isoformat(),
        "event_data": {"amount": amount, "currency": "USD", "product_id": "p-1"},
    }


def make_members(world: World, people: list[str]) -> None:
    """Make the program with tiers, and members who have earned, redeemed and got something back."""
    program = world.make("loyaltyPrograms/", document())["id"]
    for person in people[:4]:
        world.make("loyaltyAccounts/", {"customer_id": person, "program_id": program})
    named = {"customer_id": people[0], "program_id": program}
    for number in range(4):
        world.make("services/points/earn/", {**named, "transaction_amount": "2000.00"}, f"earn-{number}")
    burnt = world.make("services/points/burn/", {**named, "points": 150}, "burn-1")
    world.make("services/points/reverse/", {"transaction_id": burnt["transaction_id"], "points": 50}, "reverse-1")


def make_world() -> World:
    """Make the world; the clock must stand at ``NOW``."""
    world = sign_in()
    people = load_people()
    make_members(world, people)
    static = world.make("segments/", {"name": "Friends", "kind": "static"})["id"]
    world.make("segmentMembers/", {"segment": static, "customers": list(PEOPLE)})
    program = world.client.get(f"{V1}loyaltyPrograms/").json()["results"][0]["id"]
    campaign = {
        "name": "News", "program": program, "segment": static, "trigger": SCHEDULE, "channels": ["email"],
        "content": CONTENT, "status": "ACTIVE",
    }  # fmt: skip
    made = world.make("campaigns/", campaign)["id"]
    world.make(f"campaigns/{made}/trigger/", {"occurrence": "o-1"})
    while work.execute_next(now=NOW):
        pass
    world.make("eventSources/", {"code": "shop", "name": "Shop"})
    world.make("webhooks/customer-events/", {"events": [purchase("e-1", "W-1")]})
    world.make("apiTokens/", {"name": "till", "scopes": ["points.earn"]})
    world.static = static
    world.look()
    return world
