"""Two edits of one version at the same moment, of everything that is edited under If-Match: one is taken.

The row is held by the test until both edits wait for it, so that each has looked at the old version before either has
written; an If-Match that is compared before the row is held lets both through.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections, transaction
from rest_framework.test import APIClient

from loyalty.campaigns.models import Campaign
from loyalty.delivery.models import ContactPolicy, MessageTemplate
from loyalty.foundation.access.models import Role
from loyalty.foundation.approvals.models import ApprovalWorkflow
from loyalty.foundation.kernel import clock
from loyalty.journeys.models import Journey
from loyalty.points.models import Pool
from loyalty.programs.models import Program
from loyalty.segments.models import Segment
from tests.campaigns.scene import CONTENT, SCHEDULE, make_audience
from tests.conftest import ClientWith
from tests.points.world import make_world
from tests.programs.documents import document

pytestmark = pytest.mark.django_db(transaction=True)

V1 = "/api/loyalty/v1/"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EDITORS = 2
MAIL = {"subject": "Hello", "body": "You have points."}
TEMPLATE = {
    "code": "welcome", "channel": "email", "name": "Welcome", "fallback_languages": ["en"], "content": {"en": MAIL},
}  # fmt: skip
POLICY = {"caps": [], "quiet_hours": [], "time_zone": "Asia/Beirut"}


@dataclass(frozen=True)
class Edited:
    """What is edited: how it is made (gives its address under the API and its ETag) and what each editor sends."""

    name: str
    model: Any
    make: Callable[[APIClient], tuple[str, str]]
    method: str
    body: Callable[[int], dict[str, Any]]
    verb: str = ""


def make(client: APIClient, place: str, body: dict[str, Any]) -> tuple[str, str]:
    """Make one over its route."""
    made = client.post(f"{V1}{place}", body)
    assert made.status_code == 201, made.content
    return f"{place}{made.json()['id']}/", made["ETag"]


def make_campaign(client: APIClient) -> tuple[str, str]:
    """Make a draft."""
    body = {"name": "News", "segment": str(make_audience(NOW)), "trigger": SCHEDULE, "channels": ["email"]}
    return make(client, "campaigns/", {**body, "content": CONTENT})


def make_workflow(client: APIClient) -> tuple[str, str]:
    """Make a workflow that is not in force."""
    body = {"kind": "access.change_role", "name": "Gifts", "is_active": False}
    step = {"name": "Second person", "permission": "approvals.decide"}
    return make(client, "approvalWorkflows/", {**body, "steps": [step]})


def make_place(client: APIClient) -> tuple[str, str]:
    """Make a household with a place in it."""
    world = make_world(clock.now().replace(microsecond=0))
    for ref in ("BSS-1", "BSS-2"):
        world.member(ref)
    pool, _ = make(client, "pools/", {"program_id": str(world.program_id), "name": "Home", "customer_ref": "BSS-1"})
    return make(client, f"{pool}members/", {"customer_ref": "BSS-2", "role": "spender"})


def make_published(client: APIClient) -> tuple[str, str]:
    """Make a template with a version to go back to."""
    address, _ = make(client, "messageTemplates/", TEMPLATE)
    published = client.post(f"{V1}{address}publish/", {})
    assert published.status_code == 200, published.content
    return address, published["ETag"]


def read_policy(client: APIClient) -> tuple[str, str]:
    """Read the one policy there is."""
    return "contactPolicy/", client.get(f"{V1}contactPolicy/")["ETag"]


def name(number: int) -> dict[str, Any]:
    """Give it another name."""
    return {"name": f"Edit {number}"}


SUBJECTS = (
    Edited(
        "segment", Segment, lambda client: make(client, "segments/", {"name": "Hot", "kind": "static"}), "patch", name
    ),
    Edited("campaign", Campaign, make_campaign, "patch", name),
    Edited("journey", Journey, lambda client: make(client, "journeys/", {"name": "Welcome"}), "patch", name),
    Edited(
        "template", MessageTemplate, lambda client: make(client, "messageTemplates/", TEMPLATE), "patch", name
    ),
    Edited(
        "template's publication", MessageTemplate, lambda client: make(client, "messageTemplates/", TEMPLATE), "post",
        lambda number: {"note": str(number)}, "publish/",
    ),
    Edited("template's return", MessageTemplate, make_published, "post", lambda _: {"number": 1}, "restore/"),
    Edited(
        "role", Role,
        lambda client: make(client, "roles/", {"code": "till", "name": "Till", "permissions": ["points.view"]}),
        "patch", name,
    ),
    Edited("workflow", ApprovalWorkflow, make_workflow, "patch", name),
    Edited("program", Program, lambda client: make(client, "loyaltyPrograms/", document()), "patch", name),
    Edited(
        "household's place", Pool, make_place, "patch", lambda number: {"points_daily_max": number + 1}
    ),
    Edited(
        "contact policy", ContactPolicy, read_policy, "put", lambda number: {**POLICY, "holdout_percent": number + 1}
    ),
)  # fmt: skip


@contextmanager
def held(model: Any) -> Iterator[None]:
    """Hold all rows of a table until everybody waits for them."""
    with transaction.atomic():
        list(model.objects.select_for_update())
        yield
        deadline = time.monotonic() + 60
        while waiting() < EDITORS:
            assert time.monotonic() < deadline, "the edits do not wait for the row"


def waiting() -> int:
    """Count who waits for a lock in this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot(), (SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return int(cursor.fetchone()[1])


@pytest.mark.parametrize("edited", SUBJECTS, ids=lambda one: one.name)
def test_edit__two_of_one_version_at_once__one_is_taken(client_with: ClientWith, edited: Edited) -> None:
    clients = [client_with("*") for _ in range(EDITORS)]
    address, etag = edited.make(clients[0])
    answers: dict[int, Any] = {}

    def edit(number: int) -> None:
        try:
            send = getattr(clients[number], edited.method)
            answers[number] = send(
                f"{V1}{address}{edited.verb}", edited.body(number), format="json", headers={"If-Match": etag}
            )
        finally:
            connections.close_all()

    editors = [threading.Thread(target=edit, args=(number,)) for number in range(EDITORS)]
    with held(edited.model):
        for editor in editors:
            editor.start()
    for editor in editors:
        editor.join(timeout=60)
    assert sorted(answer.status_code for answer in answers.values()) == [200, 412]
    ((taken, _), (_, refused)) = sorted(answers.items(), key=lambda one: int(one[1].status_code))
    assert refused.json()["code"] == "edit.conflict"
    if "name" in edited.body(taken):
        assert clients[0].get(f"{V1}{address}").json()["name"] == edited.body(taken)["name"]
