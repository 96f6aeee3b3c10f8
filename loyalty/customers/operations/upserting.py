"""Taking customers in, thousands in one statement."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from loyalty.customers.contracts import CustomerRecord, CustomerStatus, UpsertReport
from loyalty.customers.errors import CustomerRecordInvalid
from loyalty.customers.policy import is_consent, zone_of
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql

log = logging.getLogger("loyalty.customers")

REF_LENGTH_MAX = 100

CREATE_INCOMING = """
    CREATE TEMP TABLE customers_incoming (
        public_id uuid, customer_ref text, first_name text, last_name text, status text, language text,
        time_zone text, city text, gender text, birth_date date, customer_since date, email text, phone text,
        push_token text, told_at timestamptz, gone text[]
    ) ON COMMIT DROP;
    CREATE TEMP TABLE customers_incoming_consent (
        customer_ref text, channel text, purpose text, is_granted boolean, changed_at timestamptz, place integer
    ) ON COMMIT DROP
"""
# Whom we erased, or who turned out to be another customer, no source brings back; the public id is made of the
# reference, so that it is known again.
LEAVE_OUT_GONE = """
    WITH erased AS (
        DELETE FROM customers_incoming i USING customers_customer c
        WHERE c.public_id = i.public_id AND (c.erased_at IS NOT NULL OR c.merged_into_id IS NOT NULL)
        RETURNING i.customer_ref
    )
    DELETE FROM customers_incoming_consent n USING erased e WHERE n.customer_ref = e.customer_ref
"""


def _check(records: Sequence[CustomerRecord]) -> None:
    seen: set[str] = set()
    statuses = set(CustomerStatus)
    for record in records:
        ref = record.customer_ref
        if not ref.strip() or len(ref) > REF_LENGTH_MAX:
            raise CustomerRecordInvalid(f"A customer's reference has 1 to {REF_LENGTH_MAX} characters: {ref[:120]!r}.")
        if ref in seen:
            raise CustomerRecordInvalid(f"The reference {ref!r} comes twice in one batch.")
        if record.status not in statuses:
            raise CustomerRecordInvalid(f"The customer {ref!r} has the unknown status {record.status[:20]!r}.")
        seen.add(ref)


@transaction.atomic
def upsert_many(records: Sequence[CustomerRecord], *, source: str, actor: Actor, now: datetime) -> UpsertReport:
    """Create or update customers by their reference, with their facts and one audit row; who was erased is left out.

    A record tells everything that the source knows as of ``now``; what an event told of a later instant stays.

    :raises CustomerRecordInvalid: a reference is missing, too long or comes twice, or a status is unknown.
    """
    return write_records(records, {}, told_at=now, source=source, actor=actor, now=now)


def write_records(
    records: Sequence[CustomerRecord],
    gone: Mapping[str, Sequence[str]],
    *,
    told_at: datetime | None,
    source: str,
    actor: Actor,
    now: datetime,
) -> UpsertReport:
    """Write records within the caller's transaction, with their facts and one audit row.

    :param gone: by reference the channels on which the customer has no address any more.
    :param told_at: as of when the records tell everything; None where their fields were compared one by one.
    :raises CustomerRecordInvalid: a reference is missing, too long or comes twice, or a status is unknown.
    """
    if not records:
        return UpsertReport()
    _check(records)
    with connection.cursor() as cursor:
        cursor.execute(CREATE_INCOMING)
        with cursor.copy("COPY customers_incoming FROM STDIN") as target:
            for one in records:
                target.write_row(
                    (
                        *(public_id_of_ref(one.customer_ref), one.customer_ref, one.first_name[:100]),
                        *(one.last_name[:100], one.status, one.language[:10] or "en", zone_of(one.time_zone)),
                        *(one.city[:100], one.gender[:20], one.birth_date, one.customer_since),
                        *(one.email[:254], one.phone[:254], one.push_token[:254]),
                        *(told_at, list(gone.get(one.customer_ref, ()))),
                    )
                )
        with cursor.copy("COPY customers_incoming_consent FROM STDIN") as target:
            for one in records:
                for place, consent in enumerate(one.consents):
                    if is_consent(consent.channel, consent.purpose):
                        target.write_row(
                            (
                                *(one.customer_ref, consent.channel, consent.purpose),
                                *(consent.is_granted, consent.changed_at, place),
                            )
                        )
    sql.execute(LEAVE_OUT_GONE)
    row = sql.fetch_one("SELECT * FROM customers_upsert(%s, %s)", [source, now]) or {}
    report = UpsertReport(
        created=int(row["created_count"]), updated=int(row["updated_count"]), unchanged=int(row["unchanged_count"])
    )
    if report.created or report.updated:
        audit.record(
            actor=actor,
            act="customers.import",
            subject_kind="customer_source",
            subject_ref=source,
            at=now,
            after={"created": report.created, "updated": report.updated, "unchanged": report.unchanged},
        )
    return report
