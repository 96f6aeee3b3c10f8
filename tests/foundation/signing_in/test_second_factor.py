"""The second factor: enrolled, asked for, not replayed, not guessed, replaced when lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from loyalty.foundation.access.models import User
from loyalty.foundation.configuration.errors import KeyWrong
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.signing_in.errors import SecondFactorInvalid, SignInSlowed
from loyalty.foundation.signing_in.models import RecoveryCode, SecondFactor
from loyalty.foundation.signing_in.operations.sealing import seal, unseal
from loyalty.foundation.signing_in.operations.second_factor import verify_code
from tests.conftest import ClientWith
from tests.foundation.signing_in.door import AUTH, PASSWORD, V1, Browser, acts, code_of, enrolled, pass_time

FACTOR = f"{AUTH}/session/secondFactor"


def challenge_of(browser: Browser) -> str:
    """Give the password and take the challenge."""
    answer = browser.sign_in()
    assert answer.status_code == 202, answer.content
    return str(answer.json()["second_factor"]["challenge"])


def verify(browser: Browser, challenge: str, **proof: str) -> Any:
    """Post the second step."""
    return browser.post(f"{FACTOR}/verify/", {"challenge": challenge, **proof})


def test_enrolment__shows_secret_and_picture_once_and_keeps_it_sealed(browser: Browser, watch: FixedClock) -> None:
    shown = browser.post(f"{FACTOR}/enrol/").json()
    assert shown["uri"].startswith("otpauth://totp/Khaywe%20Loyalty:anna?secret=" + shown["secret"])
    assert shown["qr_svg"].startswith("<svg") and "script" not in shown["qr_svg"]
    assert shown["secret"].encode() not in bytes(SecondFactor.objects.get().sealed)
    assert browser.get(f"{FACTOR}/").json()["is_enrolled"] is False, "not before a code of it was given"
    assert browser.post(f"{FACTOR}/confirm/", {"code": "000000"}).json()["code"] == "second_factor.invalid"
    codes = browser.post(f"{FACTOR}/confirm/", {"code": code_of(shown["secret"], watch)}).json()["recovery_codes"]
    assert len(set(codes)) == 10 and all(len(code.replace("-", "")) == 20 for code in codes)
    told = browser.get(f"{FACTOR}/").json()
    assert (told["is_enrolled"], told["is_required"], told["recovery_codes_left"]) == (True, False, 10)
    assert browser.post(f"{FACTOR}/enrol/").json()["code"] == "second_factor.enrolled"
    assert not any(code.encode() in bytes(row.digest) for code in codes for row in RecoveryCode.objects.all())


def test_sign_in__with_second_factor__needs_both(browser: Browser, watch: FixedClock) -> None:
    secret, _ = enrolled(browser, watch)
    fresh = Browser("198.51.100.1")
    challenge = challenge_of(fresh)
    assert not fresh.is_in(), "the password alone opens nothing"
    assert verify(fresh, challenge, code="000000").json()["code"] == "second_factor.invalid"
    answer = verify(fresh, challenge, code=code_of(secret, watch))
    assert answer.status_code == 200 and answer.json()["token"] and fresh.is_in()
    assert Browser("198.51.100.2").sign_in(password="wrong").status_code == 401, "a wrong password hears of no code"
    pass_time(watch, seconds=30)
    assert Browser("198.51.100.3").sign_in(code=code_of(secret, watch)).status_code == 200, "both at once"


def test_code__used_once__is_refused_again_and_so_is_an_older_one(browser: Browser, watch: FixedClock) -> None:
    secret, _ = enrolled(browser, watch)
    older = code_of(secret, watch)
    pass_time(watch, seconds=30)
    code = code_of(secret, watch)
    assert verify(Browser(), challenge_of(Browser()), code=code).status_code == 200
    for replayed in (code, older):
        assert verify(Browser(), challenge_of(Browser()), code=replayed).json()["code"] == "second_factor.invalid"


def test_code__of_the_steps_around__counts_and_of_no_other(browser: Browser, watch: FixedClock, anna: User) -> None:
    secret, _ = enrolled(browser, watch)
    for steps, is_taken in [(-2, False), (2, False), (-1, True), (0, True), (1, True)]:
        at = FixedClock(watch.now())
        pass_time(at, seconds=30 * steps)
        if is_taken:
            verify_code(user=anna, code=code_of(secret, at), now=watch.now())
        else:
            with pytest.raises(SecondFactorInvalid):
                verify_code(user=anna, code=code_of(secret, at), now=watch.now())


def test_code__guessed__is_limited_and_the_owner_gets_in_after_the_window(browser: Browser, watch: FixedClock) -> None:
    secret, _ = enrolled(browser, watch)
    thief = Browser("203.0.113.5")
    challenge = challenge_of(thief)
    answers = [verify(thief, challenge, code=f"{i:06}").status_code for i in range(8)]
    assert answers == [401] * 5 + [429] * 3
    assert verify(thief, challenge, code=code_of(secret, watch)).status_code == 429, "not even looked at"
    assert "lock_out" in acts()
    pass_time(watch, minutes=15)
    assert verify(thief, challenge, code=code_of(secret, watch)).json()["code"] == "second_factor.invalid", "too old"
    assert verify(browser, challenge_of(browser), code=code_of(secret, watch)).status_code == 200


def test_challenge__forged_or_after_a_new_password__is_refused(browser: Browser, watch: FixedClock, anna: User) -> None:
    secret, _ = enrolled(browser, watch)
    challenge = challenge_of(Browser())
    for forged in (challenge[:-2] + "xx", "x", challenge.split(":")[0], ""):
        assert verify(Browser(), forged, code=code_of(secret, watch)).status_code in (400, 401)
    anna.set_password("another password here")
    anna.save()
    assert verify(Browser(), challenge, code=code_of(secret, watch)).json()["code"] == "second_factor.invalid"


def test_recovery_code__stands_in_once(browser: Browser, watch: FixedClock) -> None:
    _, codes = enrolled(browser, watch)
    spelled = codes[0].replace("-", " ").upper()
    assert verify(Browser(), challenge_of(Browser()), recovery_code=spelled).status_code == 200
    again = verify(Browser(), challenge_of(Browser()), recovery_code=codes[0])
    assert again.json()["code"] == "second_factor.invalid"
    both = verify(Browser(), challenge_of(Browser()), recovery_code=codes[1], code="123456")
    assert both.status_code == 400
    assert browser.get(f"{FACTOR}/").json()["recovery_codes_left"] == 9
    assert "use_recovery_code" in acts()
    fresh = browser.post(f"{FACTOR}/recoveryCodes/").json()["recovery_codes"]
    assert verify(Browser(), challenge_of(Browser()), recovery_code=codes[1]).status_code == 401
    assert verify(Browser(), challenge_of(Browser()), recovery_code=fresh[1]).status_code == 200


def test_second_factor__demanded_by_a_role__is_set_up_before_anything_else(
    anna: User, watch: FixedClock, settings: Any
) -> None:
    settings.LOYALTY_SECOND_FACTOR_ROLES = ["manager"]
    browser = Browser()
    answer = browser.sign_in().json()
    assert (answer["second_factor_due"], answer["token"]) == (True, None)
    refused = browser.get(f"{V1}/runs/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor.enrolment_required")
    enrolled(browser, watch)
    assert browser.get(f"{V1}/runs/").status_code == 200
    kept = browser.delete(f"{FACTOR}/")
    assert (kept.status_code, kept.json()["code"]) == (409, "second_factor.required")


def test_second_factor__lost__is_removed_by_an_administrator(
    browser: Browser, watch: FixedClock, anna: User, client_with: ClientWith
) -> None:
    enrolled(browser, watch)
    boss = client_with("*")
    assert boss.delete(f"{V1}/users/{anna.public_id}/secondFactor/").status_code == 204
    assert Browser().sign_in().status_code == 200
    missing = boss.delete(f"{V1}/users/{anna.public_id}/secondFactor/")
    assert (missing.status_code, missing.json()["code"]) == (409, "second_factor.missing")
    assert not RecoveryCode.objects.exists()


def test_sealed_secret__moved_or_changed__does_not_open() -> None:
    sealed = seal("JBSWY3DPEHPK3PXP", user_id=1)
    assert unseal(sealed, user_id=1) == "JBSWY3DPEHPK3PXP"
    assert seal("JBSWY3DPEHPK3PXP", user_id=1) != sealed and b"JBSWY3DPEHPK3PXP" not in sealed
    for broken, owner in [(sealed, 2), (sealed[:-1] + bytes([sealed[-1] ^ 1]), 1), (b"", 1)]:
        with pytest.raises(KeyWrong):
            unseal(broken, user_id=owner)


@pytest.mark.django_db(transaction=True)
def test_code__given_ten_times_at_once__is_taken_once(anna: User, watch: FixedClock) -> None:
    browser = Browser()
    assert browser.sign_in(password=PASSWORD).status_code == 200
    secret, _ = enrolled(browser, watch)
    code, gate = code_of(secret, watch), threading.Barrier(10)

    def give(_: int) -> bool:
        gate.wait()
        try:
            verify_code(user=anna, code=code, now=watch.now())
            return True
        except (SecondFactorInvalid, SignInSlowed):
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(give, range(10))) == 1
