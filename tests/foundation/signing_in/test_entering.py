"""Coming in: alike for known and unknown names, slow for strangers, open for the owner, written down."""

import random
import secrets
from typing import Any

import pytest
from django.contrib.auth import hashers
from rest_framework.test import APIClient

from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.signing_in.contracts import Visitor
from loyalty.foundation.signing_in.errors import CredentialsInvalid, SignInSlowed
from loyalty.foundation.signing_in.models import Counter, KnownDevice, Session
from loyalty.foundation.signing_in.operations.entering import enter
from loyalty.foundation.web import limits
from tests.conftest import ClientWith
from tests.foundation.signing_in.door import AUTH, PASSWORD, V1, Browser, acts, code_of, enrolled, pass_time


def test_sign_in__right__gives_session_token_and_known_device(anna: User) -> None:
    browser = Browser(agent="Firefox 140")
    answer = browser.sign_in()
    body = answer.json()
    assert (answer.status_code, body["must_change_password"], body["second_factor_due"]) == (200, False, False)
    assert body["user"]["username"] == "anna" and "programs.view" in body["user"]["permissions"]
    session, device = answer.cookies["sessionid"], answer.cookies["khaywe_device"]
    assert session["httponly"] and session["samesite"] == "Lax"
    assert device["httponly"] and device["path"] == "/api/auth/"
    row = Session.objects.get(user=anna)
    assert (row.address, row.agent, row.kind) == ("192.0.2.1", "Firefox 140", "password")
    assert session.value not in str(bytes(row.digest)), "the cookie's key is kept as a hash"
    assert KnownDevice.objects.filter(user=anna).count() == 1
    token = APIClient()
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert token.get(f"{AUTH}/me/").json()["username"] == "anna"
    anna.refresh_from_db()
    assert anna.last_login is not None
    assert acts() == ["open_session"]


@pytest.mark.parametrize("hasher, marks", [("pbkdf2_sha256", "pbkdf2_sha256"), ("scrypt", "scrypt")])
def test_sign_in__old_hash__is_renewed_with_the_stated_parameters(
    anna: User, settings: Any, hasher: str, marks: str
) -> None:
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
    User.objects.filter(pk=anna.pk).update(password=hashers.make_password(PASSWORD, hasher=hasher))
    assert Browser().sign_in(password="wrong").status_code == 401
    anna.refresh_from_db()
    assert anna.password.startswith(marks), "a wrong password renews nothing"
    browser = Browser()
    assert browser.sign_in().status_code == 200
    anna.refresh_from_db()
    assert anna.password.startswith("argon2$argon2id$v=19$m=65536,t=3,p=4$")
    assert browser.is_in()


def test_sign_in__unknown_wrong_and_switched_off__are_alike(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create(username="gone", password=anna.password, is_active=False)
    User.objects.create(username="oidc", password=hashers.make_password(None))
    counted: list[str] = []
    hash_class = type(hashers.get_hasher("default"))
    encode = hash_class.encode

    def counting(self: Any, *arguments: Any, **options: Any) -> str:
        counted.append("hash")
        return encode(self, *arguments, **options)

    monkeypatch.setattr(hash_class, "encode", counting)
    answers = {}
    for name, password in [("anna", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("oidc", PASSWORD), ("", "x")]:
        counted.clear()
        answer = Browser().sign_in(name, password)
        if name:
            answers[name] = (answer.status_code, answer.content, len(counted))
    assert len(set(answers.values())) == 1, answers
    assert answers["anna"][0] == 401 and answers["anna"][2] == 1, "one hashing, whoever it is"


def test_sign_in__sixth_wrong_try_within_a_minute__is_refused_unseen(anna: User, watch: FixedClock) -> None:
    stranger = Browser("203.0.113.5")
    assert [stranger.sign_in(password=f"wrong {i}").status_code for i in range(5)] == [401] * 5
    slowed = stranger.sign_in()
    assert (slowed.status_code, slowed.json()["code"]) == (429, "sign_in.slowed"), "even the right one is not looked at"
    assert slowed["Retry-After"] == "60" and slowed.json()["retry_after_s"] == 60
    assert Browser("198.51.100.7").sign_in().status_code == 429, "another address does not help"
    unknown = [Browser("203.0.113.9").sign_in("nobody") for _ in range(6)]
    assert [answer.status_code for answer in unknown] == [401] * 5 + [429], "unknown names are slowed alike"
    assert unknown[5].json()["detail"] == slowed.json()["detail"]
    pass_time(watch, seconds=60)
    assert stranger.sign_in().status_code == 200
    assert acts().count("lock_out") == 2 and acts().count("refuse") == 10
    assert AuditEntry.objects.filter(act="sign_in.refuse").first().actor_ref == "signing_in"  # type: ignore[union-attr]
    assert "nobody" not in str(list(AuditEntry.objects.values_list("after", "subject_ref")))


def test_sign_in__hours_of_tries__are_20_an_hour(anna: User, watch: FixedClock) -> None:
    looked_at = 0
    for number in range(180):
        pass_time(watch, seconds=20)
        looked_at += Browser(f"203.0.113.{number}").sign_in(password="wrong").status_code == 401
    assert looked_at == 20


def test_sign_in__right_one_after_wrong_ones__gives_its_permit_back(anna: User) -> None:
    for _ in range(30):
        assert Browser("203.0.113.5").sign_in().status_code == 200


def test_sign_in__known_device__comes_in_while_strangers_slow_the_account(browser: Browser) -> None:
    for i in range(8):
        Browser(f"203.0.113.{i}").sign_in(password="wrong")
    assert Browser("192.0.2.1").sign_in().status_code == 429
    browser.post(f"{AUTH}/logout/")
    assert browser.sign_in().status_code == 200
    forged = Browser()
    forged.cookies["khaywe_device"] = secrets.token_urlsafe(32)
    assert forged.sign_in().status_code == 429
    for _ in range(10):
        assert browser.sign_in(password="wrong").status_code == 401
    assert browser.sign_in().status_code == 429, "a stolen device cookie has a budget too"


def test_sign_in__code_given_at_once__comes_in_while_strangers_slow_the_account(
    browser: Browser, watch: FixedClock
) -> None:
    secret, _ = enrolled(browser, watch)
    for i in range(8):
        Browser(f"203.0.113.{i}").sign_in(password="wrong")
    fresh = Browser("198.51.100.1")
    assert fresh.sign_in().status_code == 429
    assert fresh.sign_in(code="000000").status_code == 429, "a wrong code tells nothing"
    assert fresh.sign_in(code=code_of(secret, watch), password="wrong").status_code == 401
    pass_time(watch, seconds=30)
    assert fresh.sign_in(code=code_of(secret, watch)).status_code == 200


@pytest.mark.slow
def test_stuffing__20_000_leaked_pairs_from_2_000_addresses__gets_nobody_in_and_locks_nobody_out(
    browser: Browser, anna: User, watch: FixedClock
) -> None:
    chance = random.Random(20)
    names = ["anna"] + [f"user-{i}" for i in range(49)]
    User.objects.bulk_create([User(username=name, password=anna.password) for name in names[1:]])
    pairs = [(name, f"leaked-{i}") for i in range(400) for name in names]
    inside = slowed = looked_at = 0
    for name, password in pairs:
        visitor = Visitor(address=f"10.{chance.randrange(8)}.{chance.randrange(250)}.1", agent="bot")
        try:
            enter(username=name, password=password, code="", visitor=visitor, now=watch.now())
            inside += 1
        except CredentialsInvalid:
            looked_at += 1
        except SignInSlowed:
            slowed += 1
        pass_time(watch, seconds=0.1)
    assert (inside, looked_at + slowed) == (0, 20_000)
    assert looked_at <= 50 * 20, "at most 20 an hour of each account were looked at"
    assert Browser("192.0.2.1").sign_in().status_code == 429
    assert browser.sign_in().status_code == 200, "the real user, on the device she has"


def test_limits__redis_down__attempts_are_counted_all_the_same(anna: User, settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:1/{secrets.randbelow(9)}"
    limits.forget_lots()
    stranger = Browser("203.0.113.5")
    assert [stranger.sign_in(password=f"wrong {i}").status_code for i in range(12)] == [401] * 5 + [429] * 7
    limits.forget_lots()


def test_limits__redis_emptied__attempts_are_still_counted(anna: User, settings: Any) -> None:
    stranger = Browser("203.0.113.5")
    for i in range(5):
        stranger.sign_in(password=f"wrong {i}")
    settings_before = settings.LOYALTY_LIMITS_PREFIX
    keys = list(Counter.objects.values_list("key", flat=True))
    client = limits._scripts(settings.REDIS_URL)[1]
    assert client.delete(*keys) and keys[0].startswith(settings_before)
    assert stranger.sign_in().status_code == 429


def test_address__many_names_from_one__is_refused(anna: User) -> None:
    stranger = Browser("203.0.113.5")
    answers = [stranger.sign_in(f"user-{i}").status_code for i in range(52)]
    assert answers == [401] * 50 + [429] * 2
    assert Browser("203.0.113.6").sign_in().status_code == 200


def test_unlock__by_an_administrator__begins_anew(anna: User, client_with: ClientWith) -> None:
    for i in range(6):
        Browser(f"203.0.113.{i}").sign_in(password="wrong")
    boss = client_with("*")
    state = boss.get(f"{V1}/users/{anna.public_id}/signIn/").json()
    assert state["is_slowed_until"] is not None
    assert boss.post(f"{V1}/users/{anna.public_id}/unlock/").status_code == 204
    assert boss.get(f"{V1}/users/{anna.public_id}/signIn/").json()["is_slowed_until"] is None
    assert Browser("203.0.113.77").sign_in().status_code == 200


def test_sign_in__key_planted_before__is_not_the_session_after(anna: User) -> None:
    browser = Browser()
    session = browser.session
    session["x"] = 1
    session.save()
    planted = browser.cookies["sessionid"].value
    assert browser.sign_in().status_code == 200
    assert browser.cookies["sessionid"].value != planted
    thief = Browser()
    thief.cookies["sessionid"] = planted
    assert not thief.is_in()


def test_log_out__ends_session_and_token(browser: Browser, anna: User) -> None:
    token = APIClient()
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {Browser().sign_in().json()['token']}")
    assert token.post(f"{AUTH}/logout/").status_code == 204
    assert token.get(f"{AUTH}/me/").status_code == 401
    key = browser.cookies["sessionid"].value
    assert browser.post(f"{AUTH}/logout/").status_code == 204
    browser.cookies["sessionid"] = key
    assert not browser.is_in(), "the old key is worth nothing"
    assert not ApiToken.objects.filter(user=anna, revoked_at=None).exists(), "the token of the session ended with it"
