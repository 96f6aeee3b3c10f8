"""One fetch for many who wait: real threads, a real server of the Redis protocol, and the cache inside the process."""

import os
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from hypothesis import given
from hypothesis import strategies as st

from loyalty.features.kinds.replies import Reply
from loyalty.features.operations import caching
from loyalty.features.operations.asking import Terms, ask_through
from loyalty.features.policy import Answer, Trouble, is_near_its_end

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
READERS = 24


@pytest.fixture(params=["redis", "local"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[BaseCache]:
    """The cache under features: a server that the launcher started, and one inside the process."""
    held: BaseCache
    if request.param == "redis":
        address = os.environ.get("REDIS_URL", "")
        if not address:
            pytest.skip("no server of the Redis protocol is at hand")
        held = RedisCache(address, {"KEY_PREFIX": uuid.uuid4().hex})
    else:
        held = LocMemCache(uuid.uuid4().hex, {})
    monkeypatch.setattr(caching, "cache", held)
    yield held
    held.close()


class Slow:
    """A source that answers only when it may, and counts how often it was asked for whom."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.asked: Counter[uuid.UUID] = Counter()
        self.may_answer = threading.Event()
        self._trouble = trouble
        self._lock = threading.Lock()

    def __call__(self, wanted: Sequence[uuid.UUID]) -> Reply:
        """Answer, late."""
        with self._lock:
            self.asked.update(wanted)
        assert self.may_answer.wait(20)
        if self._trouble is not None:
            return Reply(troubles=dict.fromkeys(wanted, self._trouble))
        return Reply(answers={one: Answer({"n": self.asked[one]}, NOW) for one in wanted})


def terms(now: datetime = NOW) -> Terms:
    """An hour fresh, a day good enough to stand in."""
    return Terms(source="dwh", generation="1", cache_seconds=3600, stale_seconds=86_400, now=now)


def crowd(
    source: Slow, wanted: Sequence[uuid.UUID], held: dict[uuid.UUID, Answer], monkeypatch: pytest.MonkeyPatch
) -> list[Reply]:
    """Have many readers ask at once; the source answers when each of them has claimed what it could get."""
    replies: list[Reply] = []
    claimed = threading.Barrier(READERS, action=source.may_answer.set)
    plain = caching.claim

    def claim(name: str, customer_ids: Sequence[uuid.UUID]) -> caching.Claims:
        claims = plain(name, customer_ids)
        claimed.wait(20)
        return claims

    with monkeypatch.context() as patch:
        patch.setattr(caching, "claim", claim)
        readers = [
            threading.Thread(target=lambda: replies.append(ask_through(wanted, held, terms(), source)))
            for _ in range(READERS)
        ]
        for one in readers:
            one.start()
        for one in readers:
            one.join(30)
    assert len(replies) == READERS
    return replies


def test_cold__many_readers__one_fetch(store: BaseCache, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [uuid.uuid4() for _ in range(3)]
    source = Slow()
    replies = crowd(source, wanted, {}, monkeypatch)
    assert source.asked == dict.fromkeys(wanted, 1)
    assert all(reply.answers[one].values == {"n": 1} for reply in replies for one in wanted)
    remembered = caching.recall(["dwh"], wanted)
    assert {one for _, one in remembered.answers} == set(wanted)


def test_cold__the_source_fails__those_who_wait_do_not_run_into_it_too(
    store: BaseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [uuid.uuid4()]
    source = Slow(Trouble("bss.unavailable", "It is down."))
    old = Answer({"n": 0}, NOW - timedelta(hours=3), generation="1")
    replies = crowd(source, wanted, {wanted[0]: old}, monkeypatch)
    assert source.asked == {wanted[0]: 1}
    assert all(reply.troubles[wanted[0]].code == "bss.unavailable" for reply in replies)
    assert all(reply.answers[wanted[0]] is old for reply in replies)


def test_cold__any_moment__late_readers_find_the_answer(store: BaseCache) -> None:
    one = uuid.uuid4()
    source = Slow()
    source.may_answer.set()
    readers = [threading.Thread(target=ask_through, args=([one], {}, terms(), source)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(30)
    # All of them missed in their own look, most came when the claim was given back already.
    assert source.asked == {one: 1}


def test_holder_dies__the_claim_runs_out__another_asks(store: BaseCache, monkeypatch: pytest.MonkeyPatch) -> None:
    one = uuid.uuid4()
    caching.claim("dwh", [one])
    monkeypatch.setattr("loyalty.features.operations.asking.WAIT_SECONDS", 0.05)
    source = Slow()
    source.may_answer.set()
    assert ask_through([one], {}, terms(), source).answers[one].values == {"n": 1}


def test_source_raises__the_claim_is_given_back(store: BaseCache) -> None:
    one = uuid.uuid4()

    def broken(wanted: Sequence[uuid.UUID]) -> Reply:
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        ask_through([one], {}, terms(), broken)
    assert caching.claim("dwh", [one]).mine == (one,)


def test_old_answer__too_old_to_stand_in__is_not_given(store: BaseCache) -> None:
    one = uuid.uuid4()
    source = Slow(Trouble("bss.unavailable", "It is down."))
    source.may_answer.set()
    old = Answer({"n": 0}, NOW - timedelta(hours=25), generation="1")
    reply = ask_through([one], {one: old}, terms(), source)
    assert reply.answers == {}
    assert reply.troubles[one].reason == "It is down."


def test_settle__claim_of_another_by_now__is_left_alone(store: BaseCache) -> None:
    one = uuid.uuid4()
    first = caching.claim("dwh", [one])
    store.delete(f"features:claim:dwh:{one}")
    second = caching.claim("dwh", [one])
    caching.settle("dwh", first, {})
    assert caching.claim("dwh", [one]).mine == ()
    caching.settle("dwh", second, {})
    assert caching.claim("dwh", [one]).mine == (one,)


@given(st.integers(0, 7200), st.floats(0, 60), st.floats(1e-9, 1))
def test_near_its_end__never_late__and_sooner_the_dearer(age_s: int, took_s: float, draw: float) -> None:
    answer = Answer({}, NOW - timedelta(seconds=age_s), took_s=took_s)
    early = is_near_its_end(answer, NOW, 3600, draw)
    if age_s >= 3600:
        assert early
    if not took_s and age_s < 3600:
        assert not early
    if early:
        assert is_near_its_end(Answer({}, answer.fetched_at, took_s=took_s * 2), NOW, 3600, draw)
