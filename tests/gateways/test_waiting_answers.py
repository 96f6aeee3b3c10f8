"""Every route whose change may wait for others says so in the contract: called with everything under approval."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from loyalty.foundation.kernel import approving
from loyalty.foundation.kernel.approving import Proposal, Waiting
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.gateways.catalogues.queries import openapi_document
from tests.gateways.wild import lawful_bodies
from tests.gateways.world import V1
from tests.programs.documents import document
from tests.security.matrix.world import Sides, standing, undone

pytestmark = pytest.mark.django_db
WAITING = "#/components/schemas/WaitingAnswer"


class EverythingWaits:
    """A gate that lets no change be made at once."""

    def submit(self, proposal: Proposal) -> Waiting | None:
        """Have it wait."""
        return Waiting(
            new_public_id(), proposal.kind, "PENDING", "Wait", proposal.subject_kind, proposal.subject_ref,
            proposal.amount, proposal.now, None,
        )  # fmt: skip

    def is_demanded(self, kind: str) -> bool:
        """Always."""
        return True

    def can_wait(self) -> bool:
        """The tests' own transaction stands around everything."""
        return True


@pytest.fixture(scope="module")
def sides(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Sides]:
    """The world, made while nothing waits."""
    with standing(django_db_blocker) as made:
        yield made


def is_documented(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Tell whether an operation says that it may answer with a request that waits."""
    (content,) = operation["responses"].get("202", {}).get("content", {"": {"schema": {}}}).values()
    schema = content["schema"]
    named = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    return schema.get("$ref") == WAITING or any(one.get("$ref") == WAITING for one in named.get("oneOf", ()))


def calls(sides: Sides) -> dict[str, tuple[str, Any]]:
    """Give, by operation, an address and a body that would change something."""
    world = sides.world
    program, user = sides.mine.program, world.first("users")
    role = world.make("roles/", {"code": "own", "name": "Own", "permissions": ["points.view"]})
    granted = world.client.get(f"{V1}rolePermissions/?role=own").json()["results"][0]["id"]
    made = {name: (name.split(" ", 1)[1].replace("{id}", program), body) for name, body in lawful_bodies(world).items()}
    account = sides.mine.ids["account"]
    campaign = sides.mine.ids["campaign"]
    world.client.post(f"{V1}campaigns/{campaign}/pause/")
    workflow = {"kind": "points.adjust", "name": "W", "steps": [{"name": "S", "permission": "approvals.decide"}]}
    adjust = {"account_id": account, "points": 5, "reason_code": "goodwill", "reason": "x"}
    whole = {**document(), "name": "MINE", "code": "MINE", "expiry_days": 100}
    plain: dict[str, tuple[str, Any]] = {
        "PATCH loyaltyPrograms/{id}/": (f"loyaltyPrograms/{program}/", {"expiry_days": 100}),
        "PUT loyaltyPrograms/{id}/": (f"loyaltyPrograms/{program}/", whole),
        "POST earnCaps/": ("earnCaps/", {"program": program, "code": "day", "period": "day", "points_max": 10}),
        "PATCH roles/{id}/": (f"roles/{role['id']}/", {"permissions": []}),
        "DELETE roles/{id}/": (f"roles/{role['id']}/", {}),
        "POST rolePermissions/": ("rolePermissions/", {"role": "own", "permission": "work.view"}),
        "DELETE rolePermissions/{id}/": (f"rolePermissions/{granted}/", {}),
        "POST userRoles/": ("userRoles/", {"user": user, "role": "own"}),
        "PATCH users/{id}/": (f"users/{user}/", {"roles": ["admin", "own"]}),
        "POST services/points/adjust/": ("services/points/adjust/", adjust),
        "POST loyaltyTransactions/": ("loyaltyTransactions/", {"kind": "adjust", **adjust}),
        "POST campaigns/{id}/activate/": (f"campaigns/{campaign}/activate/", {}),
        "POST config/{section}/": ("config/email/", {"values": {"host": "mail.other.test"}}),
        "POST approvalWorkflows/": ("approvalWorkflows/", workflow),
    }
    for name, (path, body) in plain.items():
        method, address = name.split(" ", 1)
        made[f"{method} {V1}{address}"] = (V1 + path, body)
    return made


def test_routes__with_everything_under_approval__say_in_the_contract_that_they_may_wait(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = json.loads(openapi_document())
    asked = calls(sides)
    monkeypatch.setattr(approving._Installed, "gate", EverythingWaits())
    waited, silent = set[str](), set[str]()
    for name, (address, body) in asked.items():
        method, path = name.split(" ", 1)
        with undone():
            key = {"Idempotency-Key": f"w-{len(waited)}-{name}"[:100]} if method == "POST" else {}
            answer = getattr(sides.world.client, method.lower())(address, body, headers=key)
        if answer.status_code == 202 and "approval_request" in answer.json():
            waited.add(name.replace(V1, ""))
            if not is_documented(contract["paths"][path][method.lower()], contract["components"]["schemas"]):
                silent.add(name)
    assert silent == set()
    assert {
        "POST roles/", "PATCH roles/{id}/", "DELETE roles/{id}/", "POST rolePermissions/",
        "DELETE rolePermissions/{id}/", "POST userRoles/", "POST users/", "PATCH users/{id}/",
        "POST services/points/adjust/", "POST loyaltyTransactions/", "POST services/points/earn/batch/",
        "POST loyaltyPrograms/", "PUT loyaltyPrograms/{id}/", "PATCH loyaltyPrograms/{id}/",
        "POST campaigns/{id}/activate/", "POST config/{section}/", "POST approvalWorkflows/",
    } <= waited  # fmt: skip
