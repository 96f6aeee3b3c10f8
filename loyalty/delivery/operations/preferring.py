"""The preference centre: what a customer chooses for themselves, over a link of a message."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any

from django.db import transaction

from loyalty.customers import api as customers
from loyalty.delivery.contracts import Choice, CustomerChoices, Purpose, QuietHours
from loyalty.delivery.errors import LinkInvalid, PreferencesInvalid
from loyalty.delivery.kinds import links
from loyalty.delivery.models import CustomerPreference
from loyalty.delivery.operations import replanning
from loyalty.delivery.policy import languages
from loyalty.delivery.queries.templating import list_languages
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm import sql

SOURCE = "preference_centre"
# To whom a test message goes that is written to an address and to no customer.
NOBODY = uuid.UUID(int=0)
READ = """
    SELECT m.is_test, s.customer_id, d.public_id, d.language FROM delivery_send s
    JOIN delivery_message m ON m.id = s.message_id
    LEFT JOIN customers_directory d ON d.customer_id = s.customer_id WHERE s.id = %s
"""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whose choices a link is about."""

    internal_id: int
    id: uuid.UUID
    language: str
    is_test: bool


def _addressee(token: str) -> Addressee:
    row = sql.fetch_one(READ, [links.read_preferences(token)])
    if row is None or (row["public_id"] is None and not row["is_test"]):
        raise LinkInvalid()
    return Addressee(row["customer_id"], row["public_id"] or NOBODY, row["language"] or "", row["is_test"])


def find_choices(*, token: str) -> CustomerChoices:
    """Give what the customer of a link chose, or what counts without a choice of theirs.

    :raises LinkInvalid: the link is not ours, or the customer is gone.
    """
    return _choices(_addressee(token))


def _choices(who: Addressee) -> CustomerChoices:
    kept = CustomerPreference.objects.filter(customer_id=who.internal_id).first()
    quiet = kept.quiet_hours[0] if kept and kept.quiet_hours else None
    chosen = (kept.language if kept else "") or who.language
    # Whoever tries a template sees the page as somebody who has not answered yet.
    answers = customers.list_default_consents() if who.id == NOBODY else customers.list_consents(who.id)
    return CustomerChoices(
        choices=tuple(Choice(one.channel, one.purpose, one.is_granted) for one in answers),
        language=chosen,
        languages=tuple(sorted({chosen, *list_languages()} - {""})),
        quiet_starts=time.fromisoformat(quiet["starts"]) if quiet else None,
        quiet_ends=time.fromisoformat(quiet["ends"]) if quiet else None,
        is_test=who.is_test,
    )


@transaction.atomic
def save_choices(
    *,
    token: str,
    granted: Mapping[tuple[str, str], bool],
    language: str,
    quiet_starts: time | None,
    quiet_ends: time | None,
    now: datetime,
) -> CustomerChoices:
    """Keep what a customer chose; consents that they did not change keep their history. A test message changes nothing.

    Their quiet hours hold marketing, on each channel, beside those of the contact policy.

    :raises LinkInvalid: the link is not ours, or the customer is gone.
    :raises PreferencesInvalid: a language that is none, or half of the quiet hours.
    """
    who = _addressee(token)
    _refuse_wrong(language, quiet_starts, quiet_ends)
    if who.is_test:
        return _choices(who)
    _answer(who, granted, now)
    quiet = []
    if quiet_starts is not None and quiet_ends is not None:
        hours = QuietHours(quiet_starts, quiet_ends, purpose=Purpose.MARKETING)
        quiet = [
            {**asdict(hours), "starts": quiet_starts.isoformat("minutes"), "ends": quiet_ends.isoformat("minutes")}
        ]
    _keep(who, {"language": language, "quiet_hours": quiet}, now)
    return _choices(who)


@transaction.atomic
def refuse_all(*, token: str, now: datetime) -> CustomerChoices:
    """Withdraw the customer's consent to marketing on every channel; what the service needs to say stays.

    :raises LinkInvalid: the link is not ours, or the customer is gone.
    """
    who = _addressee(token)
    if not who.is_test:
        marketing = [one for one in customers.list_consents(who.id) if one.purpose == Purpose.MARKETING]
        _answer(who, {(one.channel, one.purpose): False for one in marketing}, now)
    return _choices(who)


def _refuse_wrong(language: str, starts: time | None, ends: time | None) -> None:
    problems = []
    if language and not languages.is_tag(language):
        problems.append(FieldProblem("language", "language.invalid", "Write a language as en, ar or ar-LB."))
    if (starts is None) != (ends is None):
        problems.append(FieldProblem("quiet_hours", "incomplete", "Quiet hours have a start and an end."))
    elif starts is not None and starts == ends:
        problems.append(FieldProblem("quiet_hours", "empty", "Quiet hours end when they start."))
    if problems:
        raise PreferencesInvalid(problems[0].message, problems=problems)


def _answer(who: Addressee, granted: Mapping[tuple[str, str], bool], now: datetime) -> None:
    for one in customers.list_consents(who.id):
        wanted = granted.get((one.channel, one.purpose), one.is_granted)
        if wanted == one.is_granted:
            continue
        answer = customers.grant_consent if wanted else customers.withdraw_consent
        answer(
            customer_id=who.id,
            channel=one.channel,
            purpose=one.purpose,
            source=SOURCE,
            actor=system_actor("delivery.preferences"),
            now=now,
        )


def _keep(who: Addressee, wanted: dict[str, Any], now: datetime) -> None:
    kept = CustomerPreference.objects.select_for_update().filter(customer_id=who.internal_id).first()
    before = (
        {"language": kept.language, "quiet_hours": kept.quiet_hours} if kept else {"language": "", "quiet_hours": []}
    )
    if wanted["language"] == who.language and not before["language"]:
        # What the BSS says already is no choice that would outlast a change there.
        wanted = {**wanted, "language": ""}
    if wanted == before:
        return
    CustomerPreference.objects.update_or_create(customer_id=who.internal_id, defaults={**wanted, "changed_at": now})
    if wanted["quiet_hours"] != before["quiet_hours"]:
        replanning.replan_customer(customer=who.internal_id, now=now)
    audit.record(
        actor=system_actor("delivery.preferences"),
        act="delivery.change_preferences",
        subject_kind="customer",
        subject_ref=str(who.id),
        at=now,
        before=before,
        after=wanted,
    )
