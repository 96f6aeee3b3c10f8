"""Sections: environment and saved values, validation, versions, roll-back, secrets and the endpoint."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.configuration import api
from loyalty.foundation.configuration.contracts import SectionSpec, Source
from loyalty.foundation.configuration.errors import ChangedMeanwhile, ValuesInvalid, VersionUnknown
from loyalty.foundation.configuration.models import SealedSecret, SectionVersion
from loyalty.foundation.kernel.actor import Actor
from tests.foundation.configuration.conftest import ENVIRONMENT

pytestmark = pytest.mark.django_db
CODE = "stand-in"
SECRET = "hunter2-and-more"


@pytest.fixture
def save(stand_in: SectionSpec, actor: Actor, now: datetime) -> Any:
    """Save values of the stand-in."""

    def it(values: dict[str, Any], **options: Any) -> api.Saved:
        return api.save(code=CODE, values=values, actor=actor, now=now, **options)

    return it


def test_read__nothing_saved__environment_counts(stand_in: SectionSpec) -> None:
    section = api.read(CODE)
    assert (section["host"], section["password"], section.version) == ("env.example", "env-password", 0)
    assert api.read(CODE) is section
    ENVIRONMENT["note"] = "changed"
    assert api.read(CODE)["note"] == "changed"


def test_read__nothing_changed__costs_one_statement(save: Any, django_assert_num_queries: Any) -> None:
    save({"note": "x"})
    api.read(CODE)
    with django_assert_num_queries(1):
        api.read(CODE)


def test_save__field__counts_at_once_and_null_goes_back(save: Any) -> None:
    before = api.read(CODE)
    saved = save({"note": "saved"})
    assert (saved.version, saved.changed) == (1, ("note",))
    after = api.read(CODE)
    assert after is not before
    assert (after["note"], after["host"]) == ("saved", "env.example")
    save({"note": None})
    assert api.read(CODE)["note"] == ""
    assert save({"note": None}).version == 2, "nothing changed, so there is no version"


def test_save__rolled_back_transaction__leaves_nothing_in_the_cache(save: Any) -> None:
    save({"note": "first"})
    with pytest.raises(RuntimeError), transaction.atomic():
        save({"note": "never"})
        assert api.read(CODE)["note"] == "never"
        raise RuntimeError
    assert api.read(CODE)["note"] == "first"
    save({"note": "second"})
    assert api.read(CODE)["note"] == "second"


def test_save__another_section_changes__connections_may_stay(save: Any, actor: Actor, now: datetime) -> None:
    save({"note": "mine"})
    held = api.read(CODE)
    api.save(code="egress", values={"hosts": ["*.example.com"]}, actor=actor, now=now)
    assert api.read(CODE) is held


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"port": 0}, "port"),
        ({"port": "443"}, "port"),
        ({"port": True}, "port"),
        ({"host": ""}, "host"),
        ({"host": "a\r\nb"}, "host"),
        ({"note": "x" * 101}, "note"),
        ({"is_tls": "yes"}, "is_tls"),
        ({"mode": "c"}, "mode"),
        ({"words": "a"}, "words"),
        ({"words": [1]}, "words"),
        ({"table": {"a": 1}}, "table"),
        ({"nothing": 1}, "nothing"),
        ({"password": 5}, "password"),
        ({"password": "env", "username": "env"}, "password"),
    ],
)
def test_save__bad_value__refused_with_its_field_and_nothing_changed(
    save: Any, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValuesInvalid) as refusal:
        save({"note": "good", **values})
    assert [one.field for one in refusal.value.problems] == [field]
    assert api.read(CODE)["note"] == ""
    assert not SectionVersion.objects.exists()


def test_save__older_version__refused(save: Any) -> None:
    save({"note": "a"}, expected_version=0)
    with pytest.raises(ChangedMeanwhile) as refusal:
        save({"note": "b"}, expected_version=0)
    assert refusal.value.facts["current_version"] == 1


def test_secret__saved__sealed_and_told_to_nobody(save: Any) -> None:
    saved = save({"host": "new.example", "password": SECRET})
    assert saved.changed == ("host", "password")
    assert api.read(CODE)["password"] == SECRET
    row = SealedSecret.objects.get()
    assert SECRET.encode() not in bytes(row.sealed)
    assert SECRET not in repr(api.read(CODE)) + str(api.read(CODE))
    view = {one.field.name: one for one in api.view(CODE).fields}["password"]
    assert (view.value, view.is_set, view.source) == (None, True, Source.SAVED)
    version = SectionVersion.objects.get()
    assert {"field": "password", "before": None, "after": "changed", "is_secret": True} in version.changes
    entry = AuditEntry.objects.get(subject_kind="configuration")
    assert (entry.act, entry.subject_ref, entry.after["password"]) == ("configuration.manage", CODE, "changed")
    with connection.cursor() as cursor:
        for table in ("configuration_storedsection", "configuration_sectionversion", "audit_auditentry"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{SECRET}%"])
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "change", [{"host": "evil.example"}, {"port": 444}, {"username": "other"}, {"is_tls": False}, {"host": None}]
)
def test_endpoint__each_field_of_it_changed__secrets_gone(save: Any, change: dict[str, Any]) -> None:
    save({"host": "good.example", "password": SECRET, "token": "token-of-the-host"})
    saved = save(change)
    assert saved.secrets_cleared == ("password", "token")
    section = api.read(CODE)
    # Back at the environment's own host, its own password counts again.
    assert section["password"] == ("env-password" if change == {"host": None} else "")
    assert section["token"] == ""
    assert not SealedSecret.objects.exists()


def test_endpoint__changed_with_a_new_secret__that_one_stays(save: Any) -> None:
    save({"host": "good.example", "password": SECRET, "token": "token-of-the-host"})
    saved = save({"host": "other.example", "password": "another-password"})
    assert saved.secrets_cleared == ("token",)
    assert (api.read(CODE)["password"], api.read(CODE)["token"]) == ("another-password", "")


def test_endpoint__changed__environments_password_does_not_follow(save: Any) -> None:
    saved = save({"host": "evil.example"})
    assert saved.secrets_cleared == ("password",)
    assert api.read(CODE)["password"] == ""
    assert not {one.field.name: one for one in api.view(CODE).fields}["password"].is_set


def test_endpoint__beside_it_changed__secret_stays(save: Any) -> None:
    save({"host": "good.example", "password": SECRET})
    assert save({"note": "x"}).secrets_cleared == ()
    assert save({"host": "good.example"}).changed == ()
    assert api.read(CODE)["password"] == SECRET


def test_secret__null__taken_away(save: Any) -> None:
    save({"host": "good.example", "password": SECRET})
    assert save({"password": None}).changed == ("password",)
    assert api.read(CODE)["password"] == ""


def test_roll_back__earlier_version__is_a_new_one_and_secrets_follow_the_endpoint(
    save: Any, actor: Actor, now: datetime
) -> None:
    save({"host": "good.example", "password": SECRET, "note": "one"})
    save({"note": "two"})
    kept = api.roll_back(code=CODE, version=1, actor=actor, now=now, reason="two was wrong")
    assert (kept.version, kept.changed, kept.secrets_cleared) == (3, ("note",), ())
    assert (api.read(CODE)["note"], api.read(CODE)["password"]) == ("one", SECRET)
    gone = api.roll_back(code=CODE, version=0, actor=actor, now=now)
    assert gone.secrets_cleared == ("password",)
    assert (api.read(CODE)["host"], api.read(CODE)["password"]) == ("env.example", "env-password")
    newest = api.list_versions(CODE)[0]
    assert (newest.version, newest.restored_from) == (4, 0)
    assert api.list_versions(CODE)[1].reason == "two was wrong"
    with pytest.raises(VersionUnknown):
        api.roll_back(code=CODE, version=9, actor=actor, now=now)
