"""Keeping to what a provider takes: reserved turns, by a clock that the tests give."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from loyalty.delivery import tasks
from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.kinds import registry
from loyalty.delivery.kinds.throughput import TITLES
from loyalty.delivery.models import Pace, Send
from loyalty.delivery.operations import pacing
from loyalty.delivery.operations.sending import BATCH_ROWS, Batch
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import Actor
from tests.delivery.post import Post, make_customers, queue_all, states

pytestmark = pytest.mark.django_db


def reserve(messages: int, rate: int, at: datetime) -> float | None:
    """Reserve turns for text messages."""
    return pacing.reserve(channel="sms", messages=messages, rate=rate, at=at)


def test_throughput__section__knows_every_channel() -> None:
    assert set(TITLES) == set(ChannelCode)


def test_reserve__no_limit__never_waits_and_writes_nothing(now: datetime) -> None:
    assert reserve(1_000_000, 0, now) == 0.0
    assert not Pace.objects.exists()


def test_reserve__one_after_the_other__waits_for_the_rate(now: datetime) -> None:
    waits = [reserve(20, 10, now), reserve(20, 10, now), reserve(20, 10, now)]
    assert waits == [0.0, 2.0, 4.0]
    # Whoever would wait longer than a worker waits takes no turn.
    assert reserve(20, 10, now) is None
    assert reserve(20, 10, now + timedelta(seconds=1)) == 5.0


def test_reserve__after_a_rest__does_not_catch_up(now: datetime) -> None:
    reserve(20, 10, now)
    later = now + timedelta(minutes=10)
    assert [reserve(10, 10, later), reserve(10, 10, later)] == [0.0, 1.0]


def test_reserve__of_a_minute_in_small_steps__lets_no_more_through_than_the_rate(now: datetime) -> None:
    passed, at = 0, now
    while at < now + timedelta(minutes=1):
        wait = reserve(7, 30, at)
        assert wait is not None
        at += timedelta(seconds=wait)
        passed += 7 if at < now + timedelta(minutes=1) else 0
    assert 30 * 60 - 7 <= passed <= 30 * 60 + 7


def limit(channel: str, rate: int, actor: Actor, now: datetime) -> None:
    """Have the provider of a channel take so many a second."""
    configuration.save(code="throughput", values={channel: rate}, actor=actor, now=now, reason="")


def run(now: datetime, pause: Callable[[float], object]) -> Batch:
    """Send one batch of mails."""
    batch = Batch(registry.get("email"), now, pause)
    batch.run(50)
    return batch


def test_batch__provider_that_takes_few__goes_in_windows_of_a_second_with_pauses(
    post: Post, now: datetime, actor: Actor
) -> None:
    make_customers([str(number) for number in range(20)], now)
    limit("email", 4, actor, now)
    queue_all(now)
    pauses: list[tuple[float, dict[str, int]]] = []
    started = datetime.now(tz=now.tzinfo)
    run(now, lambda seconds: pauses.append((seconds, states())))
    # Twenty at four a second, whatever the machine did meanwhile.
    assert Pace.objects.get().ready_at >= started + timedelta(seconds=5) - timedelta(seconds=1)
    assert states() == {"SENT": 20}
    # Before each pause what went is settled, so nothing is SENDING while nobody sends.
    assert all("SENDING" not in found for _, found in pauses)


def test_batch__turn_too_far_away__puts_the_rest_back(post: Post, now: datetime, actor: Actor) -> None:
    make_customers(["Ada", "Bob"], now)
    limit("email", 1, actor, now)
    queue_all(now)
    Pace.objects.create(channel="email", ready_at=datetime.now(tz=now.tzinfo) + timedelta(hours=1))
    batch = run(now, lambda seconds: pytest.fail("nobody waits an hour"))
    assert (batch.is_too_fast, batch.is_channel_down, states()) == (True, False, {"QUEUED": 2})
    assert set(Send.objects.values_list("attempts", flat=True)) == {0}
    assert post.mails() == []


def test_ring__slow_provider__ends_with_its_batch_so_that_others_get_their_turn(
    post: Post, actor: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_customers([f"Name{number}" for number in range(3 * BATCH_ROWS)], now)
    queue_all(now)
    monkeypatch.setattr("loyalty.foundation.kernel.clock.now", lambda: now)
    # A provider so slow that a batch takes longer than a ring.
    monkeypatch.setattr(tasks, "RING_SECONDS", 0.0)
    assert tasks.send_channel("email") == (BATCH_ROWS, True)
    assert tasks._send_batches("email", tasks.BATCHES_PER_RING) == (BATCH_ROWS, True)
    monkeypatch.setattr(tasks, "RING_SECONDS", 60.0)
    assert tasks._send_batches("email", tasks.BATCHES_PER_RING) == (BATCH_ROWS, False)
    assert states() == {"SENT": 3 * BATCH_ROWS}
