"""The own sign-in: password, sessions, fresh proofs."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.access.api import create_user
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.signing_in.models import FormerPassword, PasswordState, Session
from loyalty.foundation.signing_in.operations.sessions import clear
from tests.conftest import ClientWith
from tests.foundation.signing_in.door import AUTH, OTHER, PASSWORD, V1, Browser, acts, code_of, enrolled, pass_time


def with_token(secret: str) -> APIClient:
    """A program with a bearer token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def change(browser: APIClient, old: str, new: str) -> Any:
    """Post the form of changing the password."""
    return browser.post(f"{AUTH}/session/password/", {"old_password": old, "new_password": new})


def test_password__changed__ends_the_other_sessions_and_their_tokens(browser: Browser, anna: User) -> None:
    other = Browser("198.51.100.1")
    token = with_token(other.sign_in().json()["token"])
    assert change(browser, PASSWORD, OTHER).status_code == 204
    assert browser.is_in() and not other.is_in()
    assert token.get(f"{AUTH}/me/").status_code == 401
    assert Browser().sign_in(password=PASSWORD).status_code == 401
    assert Browser().sign_in(password=OTHER).status_code == 200
    assert "change_password" in acts()
    told = browser.get(f"{AUTH}/session/password/").json()
    assert told["must_change"] is False and told["changed_at"] is not None
    assert told["rules"] == {"length_min": 12, "length_max": 200, "history": 5}


@pytest.mark.parametrize(
    "old, new, status, code",
    [
        ("wrong", OTHER, 403, "password.wrong"),
        (PASSWORD, PASSWORD, 400, "password.used_before"),
        (PASSWORD, "short", 400, "password.too_weak"),
        (PASSWORD, "password1234567"[:12], 400, "password.too_weak"),
        (PASSWORD, "482017365920", 400, "password.too_weak"),
        (PASSWORD, "my name is Anna!", 400, "password.too_weak"),
        (PASSWORD, "anna@example.test", 400, "password.too_weak"),
    ],
)
def test_password__against_the_policy__is_refused(
    browser: Browser, anna: User, old: str, new: str, status: int, code: str
) -> None:
    answer = change(browser, old, new)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert browser.is_in()


def test_password__of_the_last_five__does_not_come_back(browser: Browser, anna: User) -> None:
    worn = [PASSWORD, *(f"{OTHER} {i}" for i in range(6))]
    for old, new in zip(worn, worn[1:], strict=False):
        assert change(browser, old, new).status_code == 204
    for used in worn[2:]:
        assert change(browser, worn[-1], used).json()["code"] == "password.used_before"
    assert FormerPassword.objects.filter(user=anna).count() == 4
    assert change(browser, worn[-1], worn[0]).status_code == 204, "the oldest is forgotten"


def test_password__guessed_in_an_open_session__is_limited(browser: Browser) -> None:
    answers = [change(browser, f"guess {i}", OTHER).status_code for i in range(7)]
    assert answers == [403] * 5 + [429] * 2


def test_password__demanded__nothing_else_can_be_done_before(anna: User, client_with: ClientWith) -> None:
    browser = Browser()
    token = with_token(browser.sign_in().json()["token"])
    assert client_with("*").post(f"{V1}/users/{anna.public_id}/mustChangePassword/").status_code == 204
    assert not browser.is_in() and token.get(f"{AUTH}/me/").status_code == 401
    answer = browser.sign_in().json()
    assert (answer["must_change_password"], answer["token"]) == (True, None)
    refused = browser.get(f"{V1}/runs/")
    assert (refused.status_code, refused.json()["code"]) == (403, "password.change_required")
    assert browser.is_in(), "who one is can be asked"
    assert change(browser, PASSWORD, OTHER).status_code == 204
    assert browser.get(f"{V1}/runs/").status_code == 200


def test_password__first_one_by_an_administrator__is_changed_at_the_first_sign_in(
    watch: FixedClock, client_with: ClientWith
) -> None:
    boss = client_with("*")
    body = {"username": "nour", "password": PASSWORD, "roles": ["analyst"]}
    assert boss.post(f"{V1}/users/", body).status_code == 201
    browser = Browser()
    answer = browser.sign_in("nour").json()
    assert (answer["must_change_password"], answer["token"]) == (True, None)
    assert browser.get(f"{V1}/segments/").json()["code"] == "password.change_required"
    assert change(browser, PASSWORD, OTHER).status_code == 204
    assert browser.get(f"{V1}/segments/").status_code == 200
    # Where somebody else has seen to it, as after an import of people.
    assert boss.post(f"{V1}/users/", {**body, "username": "rami", "must_change_password": False}).status_code == 201
    assert Browser("192.0.2.9").sign_in("rami").json()["must_change_password"] is False


def test_reset__token_of_an_administrator__is_good_once_for_a_day(
    anna: User, watch: FixedClock, client_with: ClientWith
) -> None:
    boss, browser, reset = client_with("*"), Browser(), f"{AUTH}/session/password/reset/"
    browser.sign_in()
    first = boss.post(f"{V1}/users/{anna.public_id}/passwordReset/").json()["token"]
    second = boss.post(f"{V1}/users/{anna.public_id}/passwordReset/").json()["token"]
    assert second not in str(list(PasswordState.objects.values_list("reset_digest")))
    for token, code in [(first, "password.reset_invalid"), ("klr_nonsense", "password.reset_invalid")]:
        assert APIClient().post(reset, {"token": token, "new_password": OTHER}).json()["code"] == code
    weak = APIClient().post(reset, {"token": second, "new_password": "short"})
    assert weak.json()["code"] == "password.too_weak"
    assert APIClient().post(reset, {"token": second, "new_password": OTHER}).status_code == 204
    assert not browser.is_in() and Browser().sign_in(password=OTHER).status_code == 200
    again = APIClient().post(reset, {"token": second, "new_password": PASSWORD + "!"})
    assert again.json()["code"] == "password.reset_invalid"
    late = boss.post(f"{V1}/users/{anna.public_id}/passwordReset/").json()["token"]
    pass_time(watch, hours=24)
    answer = APIClient().post(reset, {"token": late, "new_password": PASSWORD + "!"})
    assert answer.json()["code"] == "password.reset_invalid"


@pytest.mark.parametrize("verb", ["passwordReset", "mustChangePassword", "unlock"])
def test_administration__of_one_who_may_more__is_refused(client_with: ClientWith, anna: User, verb: str) -> None:
    clerk = client_with("access.manage_users", "access.view")
    refused = clerk.post(f"{V1}/users/{anna.public_id}/{verb}/")
    assert (refused.status_code, refused.json()["code"]) == (403, "grant.beyond_own")
    assert client_with("access.view").post(f"{V1}/users/{anna.public_id}/{verb}/").status_code == 403
    assert client_with("*").post(f"{V1}/users/019d0000-0000-7000-8000-000000000000/{verb}/").status_code == 404
    assert client_with("*").post(f"{V1}/users/nonsense/{verb}/").status_code == 404


def test_sessions__listed_and_ended__count_at_once(browser: Browser, anna: User, watch: FixedClock) -> None:
    pass_time(watch, minutes=1)
    laptop, phone = Browser("198.51.100.1", "Laptop"), Browser("198.51.100.2", "Phone")
    laptop.sign_in()
    phone.sign_in()
    rows = browser.get(f"{AUTH}/sessions/").json()["results"]
    assert [(row["agent"], row["address"], row["is_current"]) for row in rows] == [
        ("Phone", "198.51.100.2", False), ("Laptop", "198.51.100.1", False), ("Firefox", "192.0.2.1", True),
    ]  # fmt: skip
    assert browser.delete(f"{AUTH}/sessions/{rows[0]['id']}/").status_code == 204
    assert not phone.is_in() and laptop.is_in()
    gone = browser.delete(f"{AUTH}/sessions/{rows[0]['id']}/")
    assert (gone.status_code, gone.json()["code"]) == (404, "session.not_found")
    assert browser.post(f"{AUTH}/sessions/endOthers/").json() == {"ended": 1}
    assert browser.is_in() and not laptop.is_in()
    assert acts().count("end_session") == 2


def test_sessions__of_somebody_else__cannot_be_seen_or_ended(browser: Browser, client_with: ClientWith) -> None:
    mine = str(Session.objects.get().public_id)
    assert client_with("work.view").get(f"{AUTH}/sessions/").json()["results"] == []
    create_user(username="ben", password=PASSWORD, email="ben@example.test", roles=["manager"])
    stranger = Browser("192.0.2.9")
    stranger.sign_in("ben")
    (own,) = stranger.get(f"{AUTH}/sessions/").json()["results"]
    assert own["id"] != mine
    assert stranger.delete(f"{AUTH}/sessions/{mine}/").status_code == 404
    assert stranger.delete(f"{AUTH}/sessions/nonsense/").status_code == 404
    assert browser.is_in()


def test_sessions__ended_by_an_administrator_or_user_switched_off__count_at_once(
    anna: User, client_with: ClientWith
) -> None:
    boss, first, second = client_with("*"), Browser(), Browser()
    first.sign_in()
    second.sign_in()
    state = boss.get(f"{V1}/users/{anna.public_id}/signIn/").json()
    assert len(state["sessions"]) == 2 and state["has_password"] and not state["has_second_factor"]
    assert boss.delete(f"{V1}/users/{anna.public_id}/sessions/").status_code == 204
    assert not first.is_in() and not second.is_in()
    token = with_token(first.sign_in().json()["token"])
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert not first.is_in() and token.get(f"{AUTH}/me/").status_code == 401


def test_sessions__idle_or_old__are_over(browser: Browser, watch: FixedClock) -> None:
    for _ in range(5):
        pass_time(watch, minutes=119)
        assert browser.is_in(), "somebody is there"
    pass_time(watch, minutes=120)
    assert not browser.is_in(), "nobody was seen for two hours"
    browser.sign_in()
    for _ in range(6):
        pass_time(watch, minutes=119)
        assert browser.is_in()
    pass_time(watch, minutes=6)
    assert not browser.is_in(), "twelve hours are the most, seen or not"


def test_sessions__seen__is_written_once_a_minute(browser: Browser, watch: FixedClock) -> None:
    began = Session.objects.get().last_seen_at
    pass_time(watch, seconds=59)
    assert browser.is_in() and Session.objects.get().last_seen_at == began
    pass_time(watch, seconds=1)
    assert browser.is_in() and Session.objects.get().last_seen_at == watch.now()


def test_sessions__long_over__are_dropped(browser: Browser, watch: FixedClock) -> None:
    browser.post(f"{AUTH}/logout/")
    assert clear(watch.now()) == 0
    clear(pass_time(watch, days=31))
    assert not Session.objects.exists()


def test_session_write__without_csrf_token__is_refused(anna: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    assert browser.sign_in().status_code == 200
    refused = browser.post(f"{AUTH}/sessions/endOthers/")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    browser.get(f"{AUTH}/me/")
    token = browser.cookies["csrftoken"].value
    assert browser.post(f"{AUTH}/sessions/endOthers/", headers={"X-CSRFToken": token}).status_code == 200


def test_proof__older_than_ten_minutes__is_asked_for_again(anna: User, watch: FixedClock, settings: Any) -> None:
    User.objects.filter(pk=anna.pk).update(username="anna")
    anna.held.all().delete()
    boss = Browser()
    User.objects.get(pk=anna.pk).held.create(role_id=admin_role())
    token = with_token(boss.sign_in().json()["token"])
    assert boss.post(f"{V1}/apiTokens/", {"name": "till"}).status_code == 201
    pass_time(watch, minutes=11)
    for client in (boss, token):
        refused = client.post(f"{V1}/apiTokens/", {"name": "till"})
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up.required")
        assert refused.json()["kinds"] == ["password"]
    assert boss.post(f"{AUTH}/session/stepUp/", {"password": "wrong"}).json()["code"] == "password.wrong"
    assert boss.post(f"{V1}/apiTokens/", {"name": "till"}).status_code == 403
    assert boss.post(f"{AUTH}/session/stepUp/", {"password": PASSWORD}).status_code == 204
    assert boss.post(f"{V1}/apiTokens/", {"name": "till"}).status_code == 201
    assert token.post(f"{V1}/apiTokens/", {"name": "till"}).status_code == 201, "the token belongs to the session"
    pass_time(watch, minutes=11)
    secret = ApiToken.objects.filter(name="till").count()
    assert secret == 3
    assert boss.post(f"{AUTH}/session/stepUp/", {}).status_code == 400


def admin_role() -> int:
    """The id of the role that may everything."""
    return int(ApiToken._meta.apps.get_model("access", "Role").objects.get(code="admin").pk)


def test_proof__by_code__counts_too(browser: Browser, watch: FixedClock) -> None:
    secret, _ = enrolled(browser, watch)
    pass_time(watch, minutes=11)
    refused = browser.delete(f"{AUTH}/session/secondFactor/")
    assert refused.json()["kinds"] == ["password", "totp"]
    assert browser.post(f"{AUTH}/session/stepUp/", {"code": code_of(secret, watch)}).status_code == 204
    assert browser.delete(f"{AUTH}/session/secondFactor/").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_attempts__50_at_once__at_most_5_are_looked_at(anna: User) -> None:
    gate = threading.Barrier(10)

    def attack(lane: int) -> list[int]:
        gate.wait()
        try:
            return [Browser(f"203.0.113.{lane}").sign_in(password=f"w{i}").status_code for i in range(5)]
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        codes = [code for answers in pool.map(attack, range(10)) for code in answers]
    assert (codes.count(401), codes.count(429)) == (5, 45)
