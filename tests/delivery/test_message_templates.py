"""Templates: drafts and versions, what messages are written with, and in which language."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from loyalty.customers.api import CustomerRecord, upsert_many
from loyalty.delivery import api
from loyalty.delivery.models import Message, MessageTemplate, Send, TemplateVersion
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import Actor
from tests.delivery.post import Post, make_customers, open_message, queue_all

pytestmark = pytest.mark.django_db

TEXTS = {
    "en": {"subject": "Hello {{ first_name }}", "body": "You have {{ balance }} points."},
    "ar": {"subject": "مرحبا {{ first_name }}", "body": "لديك {{ balance }} نقطة."},
}


def draft(**changes: Any) -> api.TemplateDraft:
    """Make the draft of a mail in two languages."""
    wanted: dict[str, Any] = {
        "name": "Welcome",
        "fallback_languages": ("en",),
        "content": TEXTS,
        "variables": (
            api.TemplateVariable("first_name", fallback="friend"),
            api.TemplateVariable("balance", fallback="some", sample="1200"),
        ),
        **changes,
    }
    return api.TemplateDraft(**wanted)


def make(actor: Actor, now: datetime, **changes: Any) -> MessageTemplate:
    """Make a template and publish it."""
    made = api.create_template(code="welcome", channel="email", draft=draft(**changes), actor=actor, now=now)
    return api.publish_template(template_id=made.public_id, note="", actor=actor, now=now)


def publish_again(template: MessageTemplate, subject: str, actor: Actor, now: datetime) -> MessageTemplate:
    """Publish the template with another subject."""
    changed = draft(content={"en": {"subject": subject, "body": "B"}})
    api.change_template(template_id=template.public_id, draft=changed, is_archived=False, actor=actor, now=now)
    return api.publish_template(template_id=template.public_id, note="", actor=actor, now=now)


def say_language(reference: str, language: str, now: datetime, actor: Actor) -> None:
    """Have the BSS say the language of a customer."""
    record = CustomerRecord(customer_ref=reference, first_name="Ada", email="ada@mail.test", language=language)
    upsert_many([record], source="tests", actor=actor, now=now)


def test_send__referred_template__is_written_in_the_customers_language(post: Post, now: datetime, actor: Actor) -> None:
    make(actor, now)
    make_customers(["Ada", "Bob"], now)
    say_language("c-0", "ar-LB", now, actor)
    queue_all(now, content={"template": "welcome"})
    api.send_due(channel="email", now=now)
    assert sorted(mail["Subject"] for mail in post.mails()) == ["Hello Bob", "مرحبا Ada"]


def test_send__value_missing__is_what_the_template_declares(post: Post, now: datetime, actor: Actor) -> None:
    make(actor, now)
    make_customers([""], now)
    queue_all(now, content={"template": "welcome"})
    api.send_due(channel="email", now=now)
    (mail,) = post.mails()
    text = mail.get_body(("plain",))
    assert mail["Subject"] == "Hello friend"
    assert text is not None
    assert "You have some points." in text.get_content()


def test_fallback__in_the_text__goes_before_the_declared_one(now: datetime, actor: Actor) -> None:
    make(actor, now, content={"en": {"subject": 'Hello {{ first_name | "you" }}', "body": "{{ first_name }}"}})
    shown = api.render_preview(channel="email", content={"template": "welcome"}, values={})
    assert shown.subject == "Hello you"
    assert shown.text.startswith("friend")


def test_message__version_published_later__keeps_the_one_it_was_opened_with(
    post: Post, now: datetime, actor: Actor
) -> None:
    template = make(actor, now)
    make_customers(["Ada"], now)
    opened = open_message(now, content={"template": "welcome"})
    assert publish_again(template, "Other", actor, now).published == 2
    assert open_message(now, content={"template": "welcome"}).id == opened.id
    queue_all(now, content={"template": "welcome"})
    queue_all(now, occurrence="o-2", content={"template": "welcome"})
    queue_all(now, occurrence="o-3", content={"template": "welcome", "version": "1"})
    api.send_due(channel="email", now=now)
    assert sorted(mail["Subject"] for mail in post.mails()) == ["Hello Ada", "Hello Ada", "Other"]
    kept = Message.objects.get(public_id=opened.id).content.parts
    assert (kept["template"], kept["version"]) == ("welcome", "1")


def test_message__another_template_for_the_same_occurrence__is_refused(now: datetime, actor: Actor) -> None:
    make(actor, now)
    open_message(now, content={"template": "welcome"})
    with pytest.raises(api.OccurrenceContentDiffers):
        open_message(now, content={"subject": "S", "body": "B"})
    with pytest.raises(api.OccurrenceContentDiffers):
        publish_again(MessageTemplate.objects.get(), "Other", actor, now)
        open_message(now, content={"template": "welcome", "version": "2"})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"template": "nobody"}, "template.unknown"),
        ({"template": "welcome", "version": "7"}, "template.not_published"),
        ({"template": "welcome", "version": "one"}, "template.not_published"),
        ({"template": "welcome", "subject": "S"}, "unknown_field"),
    ],
)
def test_reference__to_nothing__is_refused(now: datetime, actor: Actor, content: dict[str, str], code: str) -> None:
    make(actor, now)
    with pytest.raises((api.TemplateInvalid, api.ContentInvalid)) as refusal:
        open_message(now, content=content)
    assert refusal.value.problems[0].code == code


def test_reference__draft_or_archived_or_of_another_channel__is_refused(now: datetime, actor: Actor) -> None:
    made = api.create_template(code="welcome", channel="email", draft=draft(), actor=actor, now=now)
    with pytest.raises(api.TemplateInvalid, match="not published"):
        open_message(now, content={"template": "welcome"})
    api.publish_template(template_id=made.public_id, note="", actor=actor, now=now)
    api.change_template(template_id=made.public_id, draft=draft(), is_archived=True, actor=actor, now=now)
    with pytest.raises(api.TemplateInvalid, match="archived"):
        open_message(now, content={"template": "welcome"})


def test_reference__of_another_channel__is_refused(now: datetime, actor: Actor, settings: Any) -> None:
    settings.LOYALTY_SMS_PROVIDER = "smpp"
    make(actor, now)
    with pytest.raises(api.TemplateInvalid, match="one of email"):
        open_message(now, channel="sms", content={"template": "welcome"})


def test_reference__variable_without_value_and_fallback__is_refused_until_the_source_knows_it(
    now: datetime, actor: Actor
) -> None:
    make(actor, now, variables=(api.TemplateVariable("balance"), api.TemplateVariable("first_name")))
    with pytest.raises(api.TemplateInvalid) as refusal:
        open_message(now, content={"template": "welcome"})
    assert [problem.code for problem in refusal.value.problems] == ["template.variable_unknown"]
    open_message(now, content={"template": "welcome"}, variables=("balance",))
    assert api.list_variables("email", {"template": "welcome"}) == ("first_name", "balance")


def test_publish__twice_the_same__is_refused(now: datetime, actor: Actor) -> None:
    template = make(actor, now)
    with pytest.raises(api.TemplateNothingNew):
        api.publish_template(template_id=template.public_id, note="", actor=actor, now=now)


def test_publish__no_text_in_a_fallback_language__is_refused(now: datetime, actor: Actor) -> None:
    with pytest.raises(api.TemplateInvalid) as refusal:
        make(actor, now, fallback_languages=("fr",))
    assert refusal.value.problems[0].code == "template.language_missing"


def test_version__published__cannot_be_changed_or_deleted(now: datetime, actor: Actor) -> None:
    make(actor, now)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        TemplateVersion.objects.update(note="x")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        TemplateVersion.objects.all().delete()


def test_restore__older_version__is_the_draft_and_counts_when_published(now: datetime, actor: Actor) -> None:
    template = make(actor, now)
    publish_again(template, "Other", actor, now)
    restored = api.restore_version(template_id=template.public_id, number=1, actor=actor, now=now)
    assert (restored.content, restored.published) == (TEXTS, 2)
    assert api.publish_template(template_id=template.public_id, note="back", actor=actor, now=now).published == 3
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert acts.count("delivery.publish_templates") == 3


def test_delete__published__is_refused(now: datetime, actor: Actor) -> None:
    template = make(actor, now)
    with pytest.raises(api.TemplateInUse):
        api.delete_template(template_id=template.public_id, actor=actor, now=now)
    other = api.create_template(code="other", channel="email", draft=draft(), actor=actor, now=now)
    api.delete_template(template_id=other.public_id, actor=actor, now=now)
    with pytest.raises(api.TemplateNotFound):
        api.delete_template(template_id=uuid.uuid4(), actor=actor, now=now)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": {"en": {"subject": "S", "body": "{{ nobody }}"}}}, "content.en.body"),
        ({"content": {"en": {"subject": "S"}}}, "content.en.body"),
        ({"content": {"english": {"subject": "S", "body": "B"}}}, "content.english"),
        ({"fallback_languages": ()}, "fallback_languages"),
        ({"variables": (api.TemplateVariable("Name"),), "content": {}}, "variables.0.name"),
        ({"variables": (api.TemplateVariable("a"), api.TemplateVariable("a")), "content": {}}, "variables.1.name"),
        ({"variables": (api.TemplateVariable("a", fallback="{{ b }}"),), "content": {}}, "variables.0.fallback"),
    ],
)
def test_draft__wrong__is_refused_with_the_place(
    now: datetime, actor: Actor, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises((api.TemplateInvalid, api.ContentInvalid)) as refusal:
        api.create_template(code="wrong", channel="email", draft=draft(**changes), actor=actor, now=now)
    assert refusal.value.problems[0].field == field


def test_send__declared_fallback_that_looks_like_html__is_escaped(post: Post, now: datetime, actor: Actor) -> None:
    shouting = (api.TemplateVariable("first_name", fallback="<b>'you"), api.TemplateVariable("balance", fallback="1"))
    make(actor, now, variables=shouting, content={"en": {"subject": "S", "body": "<p>{{ first_name }}</p>"}})
    make_customers([""], now)
    queue_all(now, content={"template": "welcome"})
    api.send_due(channel="email", now=now)
    html = post.mails()[0].get_body(("html",))
    assert html is not None
    assert "&lt;b&gt;&#x27;you" in html.get_content()
    assert Send.objects.get().state == "SENT"
