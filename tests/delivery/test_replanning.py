"""What quiet hours hold, when they are lifted, shortened or lengthened, and what ends while it is held."""

from datetime import datetime, time, timedelta

import pytest

from loyalty.customers.models import Customer
from loyalty.delivery import api
from loyalty.delivery.kinds import links
from loyalty.delivery.models import ContactPolicy, Send
from loyalty.delivery.operations import replanning
from tests.delivery.post import EVERYONE, SOURCE, Post, make_customers, open_message, queue_all, states
from tests.delivery.test_policy import NIGHT, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def night(now: datetime) -> datetime:
    """An instant within the quiet hours."""
    return now.replace(hour=22, minute=0, second=0, microsecond=0)


def due() -> set[datetime | None]:
    """Give when the queue is due."""
    return set(Send.objects.values_list("due_at", flat=True))


def test_lifted__what_they_held__goes_at_once(post: Post, night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada", "Bob", "Cid"], night)
    queue_all(night)
    Send.objects.filter(customer_id=Customer.objects.get(first_name="Cid").pk).update(priority=3)
    assert api.send_due(channel="email", now=night).claimed == 0
    put(night)
    assert api.replan_held(now=night) == 3
    assert set(Send.objects.values_list("reason", flat=True)) == {""}
    assert api.send_due(channel="email", now=night).sent == 3


def test_lifted__rows_over_several_steps__are_each_planned_once(
    night: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replanning, "STEP_ROWS", 2)
    put(night, quiet_hours=[NIGHT])
    make_customers([f"N{number}" for number in range(7)], night)
    queue_all(night)
    put(night)
    assert api.replan_held(now=night) == 7
    assert due() == {night}


def test_shortened__waits_to_the_new_end__and_lengthened_to_the_old_one_first(post: Post, night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada"], night)
    queue_all(night)
    put(night, quiet_hours=[api.QuietHours(time(21), time(7))])
    assert api.replan_held(now=night) == 1
    seven, nine = (night + timedelta(days=1)).replace(hour=7), (night + timedelta(days=1)).replace(hour=9)
    assert due() == {seven}
    put(night, quiet_hours=[NIGHT])
    assert api.replan_held(now=night) == 0
    # The sender asks the policy again, and holds it to the new end.
    assert api.send_due(channel="email", now=seven).held == 1
    assert due() == {nine}


def test_zone_of_the_policy__moved_to_where_it_is_day__lets_them_go(night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada"], night)
    Customer.objects.update(time_zone="")
    queue_all(night)
    put(night, quiet_hours=[NIGHT], time_zone="Pacific/Auckland")
    assert api.replan_held(now=night) == 1
    assert due() == {night}


def test_lifted__not_before_paused_and_claimed__stay(night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada", "Bob", "Cid"], night)
    queue_all(night)
    later, lease = night + timedelta(hours=4), night + timedelta(minutes=5)
    rows = list(Send.objects.order_by("id"))
    Send.objects.filter(pk=rows[0].pk).update(not_before=later)
    Send.objects.filter(pk=rows[1].pk).update(due_at=None)
    Send.objects.filter(pk=rows[2].pk).update(claim=SOURCE, due_at=lease)
    put(night)
    api.replan_held(now=night)
    assert [row.due_at for row in Send.objects.order_by("id")] == [later, None, lease]


def test_set_that_was_placed_while_they_were_lifted__is_found_by_a_later_ring(night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada"], night)
    put(night)
    assert api.replan_held(now=night) == 0
    # As a worker commits it that read the policy before.
    queue_all(night)
    Send.objects.update(due_at=night + timedelta(hours=11))
    assert api.replan_held(now=night + timedelta(minutes=1)) == 1
    api.replan_held(now=night + replanning.SETTLED_AFTER)
    assert ContactPolicy.objects.get().quiet_changed_at is None


def test_other_part_of_the_policy__changed__plans_nothing_anew(night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    ContactPolicy.objects.update(quiet_changed_at=None)
    put(night, quiet_hours=[NIGHT], holdout_percent=5)
    assert ContactPolicy.objects.get().quiet_changed_at is None


def test_customers_own_quiet_hours__taken_away__let_the_message_go(post: Post, night: datetime) -> None:
    make_customers(["Ada", "Bob"], night)
    queue_all(night - timedelta(hours=12))
    assert api.send_due(channel="email", now=night - timedelta(hours=12)).sent == 2
    for sent in Send.objects.all():
        token = links.preferences_token(sent.pk)
        api.save_choices(token=token, granted={}, language="", quiet_starts=time(21), quiet_ends=time(9), now=night)
    queue_all(night, occurrence="o-2")
    assert api.send_due(channel="email", now=night).held == 2
    api.save_choices(token=token, granted={}, language="", quiet_starts=None, quiet_ends=None, now=night)
    assert api.send_due(channel="email", now=night).sent == 1
    assert Send.objects.get(state="QUEUED").due_at == (night + timedelta(days=1)).replace(hour=9)


@pytest.mark.parametrize("is_placed_at_night", [True, False])
def test_valid_until__within_the_quiet_hours__is_given_up_then(
    post: Post, night: datetime, *, is_placed_at_night: bool
) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada"], night)
    end = night + timedelta(hours=2)
    message = open_message(night, valid_until=end)
    placed = night if is_placed_at_night else night - timedelta(hours=2)
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=placed)
    if not is_placed_at_night:
        assert api.send_due(channel="email", now=night).held == 1
    assert due() == {end}
    assert api.send_due(channel="email", now=end).skipped == 1
    assert (states(), Send.objects.get().reason) == ({"SKIPPED": 1}, "expired")


def test_valid_until__of_what_a_pause_holds__does_not_let_it_go(night: datetime) -> None:
    put(night, quiet_hours=[NIGHT])
    make_customers(["Ada"], night)
    message = open_message(night, valid_until=night + timedelta(hours=2))
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=night, is_held=True)
    assert due() == {None}
