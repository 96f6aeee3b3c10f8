"""Forgotten passwords: a letter to whoever has the name and an address, and an answer that does not tell who has."""

import re
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.access.models import User
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.signing_in import api, registry
from loyalty.foundation.signing_in.contracts import Letter
from loyalty.foundation.signing_in.models import PasswordState
from loyalty.foundation.work import api as work
from tests.foundation.signing_in.door import AUTH, OTHER, PASSWORD, Browser, acts, pass_time

ASK = f"{AUTH}/session/password/forgotten/"
RESET = f"{AUTH}/session/password/reset/"


class Box:
    """Takes letters; while ``is_closed`` it takes none."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.is_closed = False

    def __call__(self, letter: Letter) -> bool:
        """Take a letter."""
        if not self.is_closed:
            self.letters.append(letter)
        return not self.is_closed


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Box:
    """What carries letters, held in hand."""
    made = Box()
    monkeypatch.setattr(registry._Registered, "carry", staticmethod(made))
    return made


def ask(username: str, address: str = "192.0.2.1") -> Any:
    """Post the form of a forgotten password."""
    return APIClient(REMOTE_ADDR=address).post(ASK, {"username": username})


def told(answer: Any) -> tuple[int, bytes, list[str]]:
    """Give all that an answer says."""
    return answer.status_code, answer.content, sorted(answer.headers)


def token_of(letter: Letter) -> str:
    """Give the token in a letter's link."""
    found = re.search(r"/login\?reset=(klr_[\w-]+)$", letter.link)
    assert found is not None, letter.link
    return found[1]


def test_forgotten__letter__has_a_link_that_is_good_once_for_an_hour(
    anna: User, watch: FixedClock, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(work, "ring", rung.append)
    browser = Browser()
    browser.sign_in()
    assert ask("anna").status_code == 202
    assert rung == ["signing_in.mail_resets"] and box.letters == [], "the answer does not wait for a mail server"
    assert api.mail_resets(now=watch.now()) == 1 and api.mail_resets(now=watch.now()) == 0
    (letter,) = box.letters
    assert (letter.to, letter.name) == ("anna@example.test", "anna")
    token = token_of(letter)
    assert token not in str(PasswordState.objects.values_list("reset_digest", "reset_expires_at"))
    assert APIClient().post(RESET, {"token": token, "new_password": OTHER}).status_code == 204
    assert not browser.is_in() and Browser().sign_in(password=OTHER).status_code == 200
    assert APIClient().post(RESET, {"token": token, "new_password": PASSWORD}).status_code == 400
    assert ask("anna").status_code == 202
    api.mail_resets(now=watch.now())
    pass_time(watch, hours=1)
    late = APIClient().post(RESET, {"token": token_of(box.letters[-1]), "new_password": f"{PASSWORD} again"})
    assert late.json()["code"] == "password.reset_invalid"
    assert [one for one in acts() if "reset" in one] == ["ask_reset", "reset_password"] * 2


def test_forgotten__by_nobody_or_without_an_address__answers_alike_and_sends_nothing(
    anna: User, watch: FixedClock, box: Box
) -> None:
    User.objects.create(username="silent", password=anna.password)
    User.objects.create(username="gone", password=anna.password, email="gone@example.test", is_active=False)
    outside = User.objects.create(username="outside", email="outside@example.test")
    outside.set_unusable_password()
    outside.save()
    answers = [told(ask(name)) for name in ("anna", "nobody", "silent", "gone", "outside", "'; --")]
    assert all(one == answers[0] for one in answers) and answers[0][:2] == (202, b"")
    api.mail_resets(now=watch.now())
    assert [letter.to for letter in box.letters] == ["anna@example.test"]


def test_forgotten__asked_again_and_again__is_slowed_for_known_and_unknown_names_alike(
    anna: User, watch: FixedClock, box: Box
) -> None:
    for name in ("anna", "nobody"):
        answers = [ask(name, f"198.51.100.{number}").status_code for number in range(4)]
        assert answers == [202, 202, 202, 429], name
    many = [ask(f"name-{number}", "203.0.113.5").status_code for number in range(11)]
    assert many == [202] * 10 + [429]
    pass_time(watch, hours=1)
    assert ask("anna").status_code == 202


def test_forgotten__mail_server_is_down__the_letter_goes_later_or_is_too_old(
    anna: User, watch: FixedClock, box: Box
) -> None:
    ask("anna")
    box.is_closed = True
    assert api.mail_resets(now=watch.now()) == 0
    pass_time(watch, minutes=10)
    box.is_closed = False
    assert api.mail_resets(now=watch.now()) == 1, "it is tried again"
    box.is_closed = True
    ask("anna")
    api.mail_resets(now=watch.now())
    box.is_closed = False
    assert api.mail_resets(now=watch.now() + timedelta(minutes=16)) == 0
    assert not PasswordState.objects.filter(reset_asked_at__isnull=False).exists()


@pytest.mark.parametrize("body", [{}, {"username": ""}, {"username": "a" * 151}, {"username": "anna", "to": "x"}, []])
def test_forgotten__bad_input__is_refused(db: None, body: Any) -> None:
    answer = APIClient().post(ASK, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
