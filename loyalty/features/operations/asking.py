"""Asking a source through the cache: fresh answers from there, the rest from the source, once for all who wait."""

import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty.features.kinds.replies import Ask, Reply
from loyalty.features.operations import caching
from loyalty.features.policy import Answer, Trouble, is_fresh, is_near_its_end

# More customers than this are asked for in one statement without claims: a claim is a round trip for each.
CLAIMED_MAX = 20
# Who waits for another's answer looks this often, and asks by itself when that took longer than any source may.
LOOK_SECONDS, LOOK_SECONDS_MAX = 0.004, 0.05
WAIT_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How one source is asked: its name, its answers' generation, and how long they are fresh and may stand in."""

    source: str
    generation: str
    cache_seconds: int
    stale_seconds: int
    now: datetime


def ask_through(wanted: Sequence[uuid.UUID], held: Mapping[uuid.UUID, Answer], terms: Terms, ask: Ask) -> Reply:
    """Give fresh answers for all of ``wanted``; where the source does not answer, the old one and the trouble.

    :param held: what the cache remembers of these customers.
    """
    fresh = {one: held[one] for one in wanted if one in held and _is_fresh(held[one], terms)}
    missing = [one for one in wanted if one not in fresh]
    # 1 - random() is never 0, of which there is no logarithm.
    early = [
        one
        for one, answer in fresh.items()
        if is_near_its_end(answer, terms.now, terms.cache_seconds, 1.0 - random.random())  # noqa: S311 - no secret
    ]
    reply = Reply(answers=dict(fresh))
    if not missing and not early:
        return reply
    if terms.cache_seconds == 0 or len(missing) + len(early) > CLAIMED_MAX:
        _take(reply, missing, held, terms, _asked(missing, terms, ask))
        return reply
    claims = caching.claim(terms.source, [*missing, *early])
    answered = Reply()
    try:
        # Between our look and our claim another reader may have asked and given its claim back.
        seen = caching.look(terms.source, claims.mine).answers if claims.mine else {}
        newer = {one: answer for one, answer in seen.items() if _is_news(answer, fresh.get(one), terms)}
        answered = _asked([one for one in claims.mine if one not in newer], terms, ask)
        answered.answers.update(newer)
    finally:
        caching.settle(terms.source, claims, answered.troubles)
    renewed = [one for one in claims.mine if one in fresh and one in answered.answers]
    _take(reply, [*(one for one in claims.mine if one not in fresh), *renewed], held, terms, answered)
    others = [one for one in claims.others if one not in fresh]
    if others:
        _take(reply, others, held, terms, _await(others, terms, ask))
    return reply


def _is_news(answer: Answer, held: Answer | None, terms: Terms) -> bool:
    """Whether the cache has a fresh answer by now that is newer than the one we hold."""
    return _is_fresh(answer, terms) and (held is None or answer.fetched_at > held.fetched_at)


def _is_fresh(answer: Answer, terms: Terms) -> bool:
    return is_fresh(answer, terms.generation, terms.now, terms.cache_seconds)


def _asked(wanted: Sequence[uuid.UUID], terms: Terms, ask: Ask) -> Reply:
    """Ask the source itself, and remember what it said."""
    if not wanted:
        return Reply()
    began = time.monotonic()
    reply = ask(wanted)
    took_s = (time.monotonic() - began) / len(wanted)
    reply.answers = {
        one: replace(answer, took_s=took_s, generation=terms.generation) for one, answer in reply.answers.items()
    }
    kept_seconds = max(terms.cache_seconds, terms.stale_seconds) if terms.cache_seconds else 0
    caching.remember(terms.source, reply.answers, kept_seconds)
    return reply


def _await(wanted: Sequence[uuid.UUID], terms: Terms, ask: Ask) -> Reply:
    """Wait for what others are asking; ask by oneself for whom nobody asks any more."""
    reply = Reply()
    pending = list(wanted)
    wait_s, ends_at = LOOK_SECONDS, time.monotonic() + WAIT_SECONDS
    while pending and time.monotonic() < ends_at:
        seen = caching.look(terms.source, pending)
        reply.answers.update({one: answer for one, answer in seen.answers.items() if _is_fresh(answer, terms)})
        reply.troubles.update({one: trouble for one, trouble in seen.troubles.items() if one not in reply.answers})
        pending = [one for one in pending if one not in reply.answers and one not in reply.troubles]
        if not seen.pending.intersection(pending):
            break
        time.sleep(wait_s)
        wait_s = min(wait_s * 2, LOOK_SECONDS_MAX)
    left = _asked(pending, terms, ask)
    reply.answers.update(left.answers)
    reply.troubles.update(left.troubles)
    return reply


def _take(
    reply: Reply, wanted: Sequence[uuid.UUID], held: Mapping[uuid.UUID, Answer], terms: Terms, found: Reply
) -> None:
    """Add what was found; a customer the source could not be asked for keeps the old answer, if it is not too old."""
    for one in wanted:
        if one in found.answers:
            reply.answers[one] = found.answers[one]
            continue
        reply.troubles[one] = found.troubles.get(one) or Trouble("features.source_silent", "The source did not answer.")
        old = held.get(one)
        if old is not None and (terms.now - old.fetched_at).total_seconds() < terms.stale_seconds:
            reply.answers[one] = old
