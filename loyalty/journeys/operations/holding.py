"""Holding a journey: by many who move its people, or alone by one who changes what it is."""

import uuid

from loyalty.foundation.orm import sql
from loyalty.journeys.errors import JourneyNotFound
from loyalty.journeys.models import Journey

# A lock that queues fairly: who wants a journey alone is not passed by for ever by those who share it. The row is
# locked as well, so that its status is read as it is once the lock is there.
SPACE = 20260706
SHARE = f"""
    SELECT id FROM journeys_journey
    WHERE id = %s AND status = 'ACTIVE' AND pg_try_advisory_xact_lock_shared({SPACE}, (id %% 2147483647)::integer)
    FOR SHARE SKIP LOCKED
"""
SHARE_ALL = f"""
    SELECT pg_advisory_xact_lock_shared({SPACE}, (u.id %% 2147483647)::integer)
    FROM unnest(%s::bigint[]) u (id) ORDER BY u.id
"""
SHARE_ROWS = "SELECT id, status FROM journeys_journey WHERE id = ANY (%s) ORDER BY id FOR SHARE"
ALONE = f"SELECT pg_advisory_xact_lock({SPACE}, (%s %% 2147483647)::integer)"


def share_if_active(journey_pk: int) -> bool:
    """Hold a journey beside others until the end of the transaction; False when it is not active or changed now."""
    return sql.fetch_one(SHARE, [journey_pk]) is not None


def share(journey_pks: list[int]) -> dict[int, str]:
    """Hold journeys beside others, waiting for whoever has one alone; give the status of each."""
    if not journey_pks:
        return {}
    sql.fetch_all(SHARE_ALL, [sorted(journey_pks)])
    return {row["id"]: row["status"] for row in sql.fetch_all(SHARE_ROWS, [sorted(journey_pks)])}


def alone(journey_id: uuid.UUID) -> Journey:
    """Hold a journey alone until the end of the transaction; whoever moves its people just now is waited for.

    :raises JourneyNotFound: there is none.
    """
    pk = Journey.objects.filter(public_id=journey_id).values_list("pk", flat=True).first()
    if pk is None:
        raise JourneyNotFound()
    sql.execute(ALONE, [pk])
    return Journey.objects.select_for_update().get(pk=pk)
