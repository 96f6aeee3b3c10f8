"""Filling the queue: a message is opened once per occurrence, and its audience placed in sets."""

import hashlib
import secrets
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.delivery.contracts import (
    Audience,
    AudienceCount,
    EnqueuedChunk,
    Exclusion,
    MessageRequest,
    MessageView,
    ReachCount,
)
from loyalty.delivery.errors import OccurrenceContentDiffers
from loyalty.delivery.kinds import registry
from loyalty.delivery.models import Content, Message
from loyalty.delivery.operations import contacting, templating
from loyalty.delivery.operations.budgeting import keep_source_budget
from loyalty.delivery.policy.contact import REACHABLE_SQL, REACHED_SQL
from loyalty.delivery.policy.variables import LINK_VARIABLES, OWN_VARIABLES
from loyalty.delivery.queries.templating import is_reference
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

# Rows per statement: long enough to be a set, short enough that progress is seen and a stop is heard.
CHUNK_ROWS = 50_000
FIRST_ID = uuid.UUID(int=0)

COUNT = """
    SELECT coalesce(x.reason, '') AS reason, count(*) AS customers FROM ({audience}) a {reachable}
    CROSS JOIN LATERAL (SELECT {exclusion} AS reason) x GROUP BY 1
"""

# The same over several channels that stand in for each other: each customer counts once, by the first channel that
# can be used, and where there is none by the first channel's reason.
REACH = """
    SELECT f.channel, coalesce(f.reason, '') AS reason, count(*) AS customers FROM ({audience}) a
    CROSS JOIN LATERAL (
        SELECT c.channel, x.reason FROM unnest(%(delivery_channels)s::text[]) WITH ORDINALITY AS c (channel, place)
        {reachable} CROSS JOIN LATERAL (SELECT {exclusion} AS reason) x
        ORDER BY x.reason IS NOT NULL, c.place LIMIT 1) f
    GROUP BY 1, 2
"""

# The plan is simple and known; compiling it costs more than running it.
NO_JIT = "SET LOCAL jit = off"

# One statement: the customers of a chunk, the reason of those who may not be written to, the queue rows of the
# others. A customer who has a row of this message already keeps it. Public ids are UUIDs of version 7 (RFC 9562, 5.7)
# whose last 60 bits are the customer's number from a random one on and a hash by a random seed of the statement: a
# third of the time went into drawing each by itself.
PLACE = """
    WITH audience AS ({chunk}), placed AS (
        INSERT INTO delivery_send ({id_column}public_id, message_id, source_ref, customer_id, channel, priority, state,
            reason, variables, variant, not_before, due_at, queued_at, ended_at)
        SELECT {id}(%(delivery_prefix)s || to_hex(-9223372036854775808
                | (((a.customer_id + %(delivery_turn)s) & 4294967295) << 28)
                | (hashint8extended(a.customer_id, %(delivery_seed)s) & 268435455)))::uuid,
            {message}, %(delivery_source)s, a.customer_id,
            %(delivery_channel)s, %(delivery_priority)s,
            CASE WHEN x.reason IS NULL THEN 'QUEUED' ELSE 'SKIPPED' END, {held},
            CASE WHEN x.reason IS NULL THEN a.variables END, {variant}, {not_before},
            CASE WHEN x.reason IS NULL THEN {due} END, %(delivery_now)s,
            CASE WHEN x.reason IS NOT NULL THEN %(delivery_now)s::timestamptz END
        FROM audience a {opened} {reachable} {capped}
        CROSS JOIN LATERAL (SELECT {exclusion} AS reason OFFSET 0) x {clock}
        ORDER BY a.customer_id
        {kept}
        RETURNING {returned}
    ){told}
"""
SUMMED = """, counted AS (SELECT reason, count(*) AS customers FROM placed GROUP BY reason)
    SELECT {seen}, coalesce((SELECT jsonb_object_agg(reason, customers) FROM counted), '{{}}') AS by_reason
"""
# Of an audience in which each customer has a message of its own.
OPENED = "JOIN delivery_message g ON g.public_id = a.message"
# Why a customer is not written to, or why not yet.
HELD = "CASE WHEN x.reason IS NOT NULL THEN x.reason WHEN {due} > u.due THEN 'quiet_hours' ELSE '' END"
VALID_UNTIL = "%(delivery_valid_until)s::timestamptz"
EACH = "SELECT g.public_id AS message, p.reason FROM placed p JOIN delivery_message g ON g.id = p.message_id"
KEPT = "ON CONFLICT (message_id, customer_id) DO NOTHING"
# Asking for each row whether there is one already costs a tenth of placing it; of neighbours one look tells for all.
# Their caller lets nobody else place them meanwhile; were it otherwise, the key would refuse the second one's rows.
IS_ANY_PLACED = """
    SELECT 1 AS found FROM delivery_send WHERE message_id = %(message)s AND customer_id >= %(from)s
        AND customer_id < %(until)s LIMIT 1
"""
# Neighbours have ids that lie side by side as they do.
DRAW = "SELECT delivery_draw_ids(%(until)s::bigint - %(from)s::bigint) AS first"
DRAWN = "a.customer_id - %(delivery_from)s + %(delivery_first)s::bigint, "
# Of an audience that is gone through by the public id: the next ones, and up to whom they are.
NEXT = """
    SELECT q.* FROM ({audience}) q WHERE q.customer_public_id > %(delivery_after)s
    ORDER BY q.customer_public_id LIMIT %(delivery_limit)s
"""
NEXT_TOLD = """(SELECT count(*) FROM audience) AS seen,
        (SELECT customer_public_id FROM audience ORDER BY customer_public_id DESC LIMIT 1) AS last_id"""
# Each row of a chunk is looked up by its key in tables that may be a thousand times as large, in the order in which
# they lie there. Left to guess, the planner sometimes reads those tables whole for every chunk.
BY_KEYS = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_memoize = off"
# Of neighbours each table is read in one stretch; no two of them ask the same of a hash of theirs.
BY_STRETCH = "SET LOCAL enable_memoize = off"
BY_ANY = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_memoize = on"


def check_content(
    *, channel: str, content: Mapping[str, object], variables: tuple[str, ...], field: str = "content"
) -> None:
    """Hold a content against its channel before it is kept: its parts, or the template that it refers to.

    :raises ChannelUnknown, ChannelNotAvailable: nothing can be sent there.
    :raises ContentInvalid: a part is missing, too long or not known.
    :raises TemplateInvalid: a placeholder is malformed or names an unknown variable.
    """
    kind, known = registry.get(channel), {*OWN_VARIABLES, *LINK_VARIABLES, *variables}
    if is_reference(content):
        problems = templating.problems_of_reference(channel, content, sorted(known), field)
    else:
        problems = kind.problems_of(content, field, known)
    templating.refuse_problems(problems)


@transaction.atomic
def open_message(*, request: MessageRequest, now: datetime) -> MessageView:
    """Open the message of an occurrence, or give the one that was opened before.

    :raises OccurrenceContentDiffers: it was opened with another content.
    """
    for one in (request.content, *request.variants.values()):
        check_content(channel=request.channel, content=one, variables=request.variables)
    content = keep_content(request.channel, request.content)
    message, _ = Message.objects.get_or_create(
        occurrence_key=request.occurrence_key,
        channel=request.channel,
        defaults={
            "purpose": request.purpose,
            "content": content,
            "source_kind": request.source_kind,
            "source_ref": request.source_ref,
            "occurrence_ref": request.occurrence_ref,
            "priority": request.priority,
            "is_test": request.is_test,
            "valid_until": request.valid_until,
            "program_ref": request.program_ref,
            "variants": {code: keep_content(request.channel, one).pk for code, one in request.variants.items()},
        },
    )
    if request.budget_amount is not None:
        keep_source_budget(source_ref=request.source_ref, amount=request.budget_amount)
    if message.content_id != content.pk and not templating.is_same(message.content.parts, request.content):
        raise OccurrenceContentDiffers(f"{request.occurrence_key} was sent with another content.")
    return MessageView(id=message.public_id, channel=message.channel, is_complete=message.is_complete)


def keep_content(channel: str, given: Mapping[str, str]) -> Content:
    """Keep a content for ever, or find it where it was kept before."""
    parts = dict(sorted(templating.pinned(channel, given).items()))
    digest = hashlib.sha256(dumps_exact([channel, parts])).digest()
    found = Content.objects.filter(digest=digest).first()
    if found is None:
        found, _ = Content.objects.get_or_create(digest=digest, defaults={"channel": channel, "parts": parts})
    return found


def id_prefix(now: datetime) -> str:
    """Give the first 16 hexadecimal digits of UUIDs of version 7 made at an instant (RFC 9562, 5.7)."""
    return f"{int(now.timestamp() * 1000):012x}7{secrets.randbits(12):03x}"


def count_audience(*, audience: Audience, channel: str, purpose: str, now: datetime) -> AudienceCount:
    """Count an audience by what the contact policy says of each customer now; neighbours are looked up together."""
    is_of_neighbours = audience.stretch is not None
    policy = contacting.ask(
        channel=channel, purpose=purpose, now=now, due=now, more=audience.more, is_of_neighbours=is_of_neighbours
    )
    reachable = f"{REACHED_SQL} {policy.capped}" if is_of_neighbours else REACHABLE_SQL
    statement = COUNT.format(audience=audience.sql, reachable=reachable, exclusion=policy.refusal)
    rows = sql.fetch_all(statement, {**audience.params, **policy.params, **_stretch_of(audience)})
    by_reason = {str(row["reason"]): int(row["customers"]) for row in rows}
    return AudienceCount(
        audience=sum(by_reason.values()), sendable=by_reason.get("", 0), excluded=excluded_of(by_reason)
    )


def count_reach(*, audience: Audience, channels: Sequence[str], purpose: str, now: datetime) -> ReachCount:
    """Count an audience whose channels stand in for each other, in their order; it has no ``stretch``."""
    policy = contacting.ask(channel="", purpose=purpose, now=now, due=now, more=audience.more)
    statement = REACH.format(audience=audience.sql, reachable=REACHABLE_SQL, exclusion=policy.refusal)
    statement = statement.replace("%(delivery_channel)s", "c.channel")
    rows = sql.fetch_all(statement, {**audience.params, **policy.params, "delivery_channels": list(channels)})
    by_channel = dict.fromkeys(channels, 0)
    by_reason: Counter[str] = Counter()
    for row in rows:
        if row["reason"]:
            by_reason[row["reason"]] += int(row["customers"])
        else:
            by_channel[row["channel"]] += int(row["customers"])
    return ReachCount(by_channel=by_channel, excluded=excluded_of(by_reason))


def excluded_of(by_reason: Mapping[str, int]) -> dict[str, int]:
    """Give the count of every reason, also of those that kept nobody."""
    return {reason.value: int(by_reason.get(reason.value, 0)) for reason in Exclusion}


@transaction.atomic
def enqueue_chunk(
    *, message_id: uuid.UUID, audience: Audience, now: datetime, is_held: bool = False, limit: int = CHUNK_ROWS
) -> EnqueuedChunk:
    """Place the next customers of the audience, in the order of their public id, and remember how far it came.

    Killed in between, the next call goes on behind the last chunk that was committed.
    """
    message = Message.objects.select_for_update().get(public_id=message_id)
    if message.is_complete:
        return EnqueuedChunk(placed=0, queued=0, excluded=excluded_of({}), is_complete=True)
    params = {"delivery_after": message.audience_cursor or FIRST_ID, "delivery_limit": limit}
    chunk = NEXT.format(audience=audience.sql)
    row, by_reason = _place(message, audience, chunk, NEXT_TOLD, params, now=now, is_held=is_held)
    message.is_complete = int(row["seen"]) < limit
    message.audience_cursor = row["last_id"] if row["last_id"] is not None else message.audience_cursor
    message.save(update_fields=["audience_cursor", "is_complete"])
    return _placed(by_reason, is_held=is_held, is_complete=message.is_complete)


@transaction.atomic
def enqueue_set(*, message_id: uuid.UUID, audience: Audience, now: datetime, is_held: bool = False) -> EnqueuedChunk:
    """Place a whole set in one statement; the caller bounds it, and remembers in this transaction that it is placed.

    Whoever has a row of the message already keeps it. Several workers place sets of one message side by side; those of
    neighbours (``audience.stretch``) must not overlap.
    """
    sql.fetch_one("SELECT id FROM delivery_message WHERE public_id = %s FOR SHARE", [message_id])
    message = Message.objects.get(public_id=message_id)
    sql.execute(BY_KEYS if audience.stretch is None else BY_STRETCH)
    _, by_reason = _place(message, audience, audience.sql, "0 AS seen", {}, now=now, is_held=is_held)
    sql.execute(BY_ANY)
    return _placed(by_reason, is_held=is_held, is_complete=message.is_complete)


def complete_messages(message_ids: Collection[uuid.UUID]) -> None:
    """Say that nobody comes to some messages any more; waits for who places somebody right now."""
    Message.objects.filter(public_id__in=message_ids, is_complete=False).update(is_complete=True)


def _place(
    message: Message,
    audience: Audience,
    chunk: str,
    seen: str,
    params: Mapping[str, Any],
    *,
    now: datetime,
    is_held: bool,
) -> tuple[dict[str, Any], dict[str, int]]:
    """Write the queue rows of one chunk; give what the statement tells and the customers by reason."""
    told = SUMMED.format(seen=seen)
    rows = place_rows(message, audience, chunk, told, params, now=now, is_held=is_held)
    return rows[0], ExactDecoder().decode(rows[0]["by_reason"])


def place_rows(
    message: Message,
    audience: Audience,
    chunk: str,
    told: str,
    params: Mapping[str, Any],
    *,
    now: datetime,
    is_held: bool,
) -> list[dict[str, Any]]:
    """Write the queue rows of one chunk; give what the end of the statement tells of them.

    Where each customer has a message of its own, ``message`` is what those have in common.
    """
    policy = contacting.ask(
        channel=message.channel, purpose=message.purpose, now=now, due=None if is_held else now, more=audience.more,
        is_of_neighbours=audience.stretch is not None,
    )  # fmt: skip
    asked: dict[str, Any] = {
        **audience.params,
        **policy.params,
        **params,
        "delivery_message": message.pk,
        "delivery_source": message.source_ref,
        "delivery_priority": message.priority,
        "delivery_valid_until": message.valid_until,
        "delivery_prefix": id_prefix(now),
        "delivery_seed": secrets.randbits(63),
        "delivery_turn": secrets.randbits(32),
    }
    near = _look_at_neighbours(message, audience)
    asked |= near
    has_own, is_drawn = "message" in audience.more, near.get("delivery_first") is not None
    due = policy.due.format(valid_until="g.valid_until" if has_own else VALID_UNTIL)
    sql.execute(NO_JIT)
    statement = PLACE.format(
        chunk=chunk, told=told, exclusion=policy.refusal, clock=policy.clock,
        due=due,
        held=HELD.format(due=due) if policy.clock else "coalesce(x.reason, '')",
        capped=policy.capped,
        id_column="id, " if is_drawn else "",
        id=DRAWN if is_drawn else "",
        message="g.id" if has_own else "%(delivery_message)s",
        opened=OPENED if has_own else "",
        returned="message_id, " * has_own + "CASE state WHEN 'SKIPPED' THEN reason ELSE '' END AS reason",
        reachable=REACHABLE_SQL if audience.stretch is None else REACHED_SQL,
        kept="" if near and not near["delivery_is_any_placed"] else KEPT,
        variant="coalesce(a.variant, '')" if "variant" in audience.more else "''",
        not_before="a.due_at" if "due_at" in audience.more else "NULL::timestamptz",
    )  # fmt: skip
    return sql.fetch_all(statement, asked)


def _look_at_neighbours(message: Message, audience: Audience) -> dict[str, Any]:
    """Give between which ids neighbours lie, whether one of them is placed already, and the first id of their rows."""
    if audience.stretch is None:
        return {}
    stretch = dict(zip(("from", "until"), audience.stretch, strict=True))
    placed = sql.fetch_one(IS_ANY_PLACED, {"message": message.pk, **stretch})
    drawn = sql.fetch_one(DRAW, stretch) or {}
    return {**_stretch_of(audience), "delivery_is_any_placed": placed is not None, "delivery_first": drawn["first"]}


def _stretch_of(audience: Audience) -> dict[str, int]:
    return dict(zip(("delivery_from", "delivery_until"), audience.stretch or (), strict=False))


def _placed(by_reason: Mapping[str, int], *, is_held: bool, is_complete: bool) -> EnqueuedChunk:
    queued = int(by_reason.get("", 0))
    if queued and not is_held:
        work.ring("delivery.send_due")
    return EnqueuedChunk(
        placed=sum(by_reason.values()), queued=queued, excluded=excluded_of(by_reason), is_complete=is_complete
    )


@transaction.atomic
def enqueue_test(*, message_id: uuid.UUID, customer: int, variables: Mapping[str, Any], to: str, now: datetime) -> None:
    """Queue a message to an address of the operator's own, rendered as for a customer; no consent is asked for."""
    sql.execute(
        """
        INSERT INTO delivery_send (public_id, message_id, source_ref, customer_id, channel, priority, state, address,
            variables, due_at, queued_at)
        SELECT %s, m.id, m.source_ref, %s, m.channel, m.priority, 'QUEUED', %s, %s::jsonb,
            %s, %s
        FROM delivery_message m WHERE m.public_id = %s AND m.is_test
        """,
        [new_public_id(), customer, to, dumps_exact(variables).decode(), now, now, message_id],
    )
    Message.objects.filter(public_id=message_id).update(is_complete=True)
    work.ring("delivery.send_due")
