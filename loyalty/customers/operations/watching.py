"""Watching how many people's personal data one person is shown: beyond a number within an hour it is told."""

import logging
from datetime import datetime

from django.db import transaction

from loyalty.customers.events import PersonalDataAlarm
from loyalty.foundation.audit import api as audit
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.api import Field, FieldType
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql

log = logging.getLogger("loyalty.customers")

ACT = "customers.pii_alarm"
LIMIT_FIELD = "customers_pii_people_per_hour"
SYSTEM_FIELD = Field(
    LIMIT_FIELD,
    FieldType.WHOLE,
    "People whose personal data one user sees within an hour before it is told",
    configuration.setting("CUSTOMERS_PII_PEOPLE_PER_HOUR"),
    "CUSTOMERS_PII_PEOPLE_PER_HOUR",
    "0 tells nothing. Nobody is stopped: the audit log has a row, and personal_data.alarm is published.",
    low=0,
    high=10_000_000,
)
# A row of one person and hour, counted up under its lock: of those who look at once exactly one passes the number.
COUNT = """
    INSERT INTO customers_pii_hour (person_ref, hour, people) VALUES (%s, date_trunc('hour', %s::timestamptz), %s)
    ON CONFLICT (person_ref) DO UPDATE SET hour = excluded.hour,
        people = excluded.people + CASE WHEN customers_pii_hour.hour = excluded.hour
            THEN customers_pii_hour.people ELSE 0 END
    RETURNING people
"""


@transaction.atomic
def count_look(*, actor: Actor, people: int, now: datetime) -> bool:
    """Count that a person, by whatever account or token of theirs, was shown so many people; tell whether that was
    the look that passed the number of this hour, of which the audit log and an event then tell, once."""
    limit = int(configuration.read("system")[LIMIT_FIELD])
    if limit == 0 or people == 0:
        return False
    seen = sql.fetch_all(COUNT, [actor.person, now, people])[0]["people"]
    if not seen - people <= limit < seen:
        return False
    audit.record(
        actor=actor, act=ACT, subject_kind="user", subject_ref=actor.person, at=now,
        after={"people": seen, "people_max": limit},
    )  # fmt: skip
    events.publish(
        PersonalDataAlarm(user_id=actor.person, user_name=actor.name, people=seen, people_max=limit),
        key=actor.person, subject_kind="user", subject_ref=actor.person, occurred_at=now,
    )  # fmt: skip
    log.warning("%s was shown the personal data of %s people within an hour", actor.name, seen)
    return True
