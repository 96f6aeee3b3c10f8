"""The preference centre: what a customer chooses over a link of a message."""

import uuid
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client

from loyalty.customers.api import get_customer_by_ref, list_consents
from loyalty.customers.models import ConsentChange
from loyalty.delivery import api
from loyalty.delivery.kinds import links
from loyalty.delivery.models import CustomerPreference, Message, Send
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import Actor
from tests.delivery.post import Post, make_customers, queue_all, states
from tests.delivery.test_message_templates import make
from tests.delivery.test_sending import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(post: Post, now: datetime) -> Send:
    """A mail that was sent to Ada."""
    make_customers(["Ada"], now)
    queue_all(now)
    send(now)
    return Send.objects.get()


@pytest.fixture
def client() -> Client:
    """A browser that holds no cookie."""
    return Client(enforce_csrf_checks=True)


def address(sent: Send) -> str:
    """Give the path of the customer's choices."""
    return f"/p/{links.preferences_token(sent.pk)}"


def ada() -> uuid.UUID:
    """Give the customer."""
    return get_customer_by_ref("c-0").id


def granted() -> set[str]:
    """Give what Ada allows."""
    return {f"{one.channel}:{one.purpose}" for one in list_consents(ada()) if one.is_granted}


def save(client: Client, sent: Send, **changes: Any) -> Any:
    """Post the form."""
    form = {"action": "save", "on": ["email:marketing", "sms:service"], "language": "en", **changes}
    return client.post(address(sent), form)


def test_page__get__shows_the_choices_and_changes_nothing(client: Client, sent: Send) -> None:
    before = granted()
    answer = client.get(address(sent))
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "value='email:marketing' checked" in shown
    assert "value='sms:marketing'>" in shown
    assert "Ada" not in shown
    assert "mail.test" not in shown
    assert client.head(address(sent)).status_code == 200
    assert granted() == before


def test_page__post__keeps_consents_language_and_hours(client: Client, sent: Send, actor: Actor, now: datetime) -> None:
    make(actor, now)
    answer = save(client, sent, language="ar", quiet_starts="21:00", quiet_ends="08:30")
    assert answer.status_code == 200
    assert 'lang="ar" dir="rtl"' in answer.content.decode()
    assert "role='status'" in answer.content.decode()
    assert granted() == {"email:marketing", "sms:service"}
    kept = CustomerPreference.objects.get()
    assert (kept.language, kept.quiet_hours[0]["starts"], kept.quiet_hours[0]["ends"]) == ("ar", "21:00", "08:30")
    acts = AuditEntry.objects.filter(act="delivery.change_preferences")
    assert acts.count() == 1
    changes = ConsentChange.objects.filter(source="preference_centre").count()
    save(client, sent, language="ar", quiet_starts="21:00", quiet_ends="08:30")
    assert ConsentChange.objects.filter(source="preference_centre").count() == changes
    assert acts.count() == 1


def test_page__all_off__withdraws_every_consent_to_marketing_and_no_other(client: Client, sent: Send) -> None:
    before = {one for one in granted() if one.endswith(":service")}
    answer = client.post(address(sent), {"action": "all_off"})
    assert answer.status_code == 200
    assert granted() == before
    queue = queue_all(datetime(2026, 11, 20, 13, 0, tzinfo=sent.queued_at.tzinfo), occurrence="o-2")
    assert queue.excluded["no_consent"] == 1


@pytest.mark.parametrize(
    "changes",
    [{"quiet_starts": "21:00"}, {"quiet_starts": "21:00", "quiet_ends": "21:00"}],
)
def test_page__half_of_the_hours__is_refused_and_nothing_is_kept(
    client: Client, sent: Send, changes: dict[str, str]
) -> None:
    before = granted()
    answer = save(client, sent, on=[], **changes)
    assert answer.status_code == 400
    assert "role='alert'" in answer.content.decode()
    assert (granted(), CustomerPreference.objects.count()) == (before, 0)


def test_page__language_that_nothing_is_written_in__keeps_the_customers_own(client: Client, sent: Send) -> None:
    assert save(client, sent, language="xx<script>").status_code == 200
    assert CustomerPreference.objects.filter(language__startswith="xx").count() == 0


@pytest.mark.parametrize("accepted", ["ar", "ar-LB,ar;q=0.9,en;q=0.8"])
def test_page__language_asked_for__is_written_from_the_right(client: Client, sent: Send, accepted: str) -> None:
    assert 'dir="rtl"' in client.get(f"{address(sent)}?lang=ar").content.decode()
    # Whose language is known reads it in that one, whatever the browser says.
    assert 'dir="ltr"' in client.get(address(sent), headers={"Accept-Language": accepted}).content.decode()
    wrong = client.get("/p/nothing", headers={"Accept-Language": accepted})
    assert (wrong.status_code, 'dir="rtl"' in wrong.content.decode()) == (404, True)


def test_page__test_message__changes_nothing(client: Client, sent: Send) -> None:
    Message.objects.update(is_test=True)
    before = granted()
    assert save(client, sent, on=[]).status_code == 200
    assert client.post(address(sent), {"action": "all_off"}).status_code == 200
    assert (granted(), CustomerPreference.objects.count()) == (before, 0)


def test_page__test_message_to_an_address_of_nobody__shows_the_defaults_and_changes_nothing(
    client: Client, sent: Send
) -> None:
    Message.objects.update(is_test=True)
    Send.objects.update(customer_id=0)
    page = client.get(address(sent))
    assert (page.status_code, "email:marketing" in page.content.decode()) == (200, True)
    assert save(client, sent, on=[]).status_code == 200
    assert client.post(address(sent), {"action": "all_off"}).status_code == 200
    assert CustomerPreference.objects.count() == 0
    Message.objects.update(is_test=False)
    assert client.get(address(sent)).status_code == 404


def test_link__of_another_kind__is_not_found(client: Client, sent: Send) -> None:
    assert client.get(f"/p/{links.unsubscribe_url(sent.pk).rpartition('/')[2]}").status_code == 404
    assert client.get(f"/p/{links.short_url(sent.pk, 'https://a.test').rpartition('/')[2]}").status_code == 404
    assert client.post("/p/nothing", {"action": "all_off"}).status_code == 404


def test_send__in_the_customers_own_quiet_hours__waits_for_their_end(
    client: Client, sent: Send, post: Post, now: datetime
) -> None:
    save(client, sent, on=["email:marketing", "email:service"], quiet_starts="11:00", quiet_ends="13:00")
    queue_all(now, occurrence="o-2")
    assert (send(now).held, states()) == (1, {"SENT": 1, "QUEUED": 1})
    assert Send.objects.get(state="QUEUED").due_at == now + timedelta(hours=1)
    # A notice of the service does not wait.
    queue_all(now, occurrence="o-3", purpose="service")
    assert send(now).sent == 1
    assert send(now + timedelta(hours=1)).sent == 1


def test_send__language_chosen__goes_before_what_the_bss_says(
    client: Client, sent: Send, post: Post, now: datetime, actor: Actor
) -> None:
    make(actor, now)
    save(client, sent, language="ar")
    queue_all(now, occurrence="o-2", content={"template": "welcome"})
    send(now)
    assert post.mails()[-1]["Subject"] in {"مرحبا Ada", "Hello Ada"}
    assert sorted(mail["Subject"] for mail in post.mails()) == ["Hello Ada", "مرحبا Ada"]
    assert api.language_of(ada(), "en") == "ar"


def test_mail__preferences_url__leads_to_the_choices(client: Client, post: Post, now: datetime) -> None:
    make_customers(["Ada"], now)
    body = '<p>Hi {{ first_name }}</p><p><a href="{{ preferences_url }}">Choose</a></p>'
    queue_all(now, content={"subject": "S", "body": body})
    send(now)
    html = post.mails()[0].get_body(("html",))
    assert html is not None
    path = html.get_content().split('href="https://loyalty.test/p/')[1].split('"')[0]
    assert client.get(f"/p/{path}").status_code == 200


def test_choices__hours_over_midnight__are_read_back(client: Client, sent: Send) -> None:
    save(client, sent, quiet_starts="22:00", quiet_ends="07:00")
    choices = api.find_choices(token=links.preferences_token(sent.pk))
    assert (choices.quiet_starts, choices.quiet_ends) == (time(22), time(7))
