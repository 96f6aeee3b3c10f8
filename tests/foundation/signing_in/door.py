"""Scenery for the tests of signing in: a browser, an authenticator app, a clock that is set by hand."""

from datetime import datetime, timedelta
from typing import Any

import pyotp
from rest_framework.test import APIClient

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.clock import FixedClock

AUTH = "/api/auth"
V1 = "/api/loyalty/v1"
PASSWORD = "correct horse battery"
OTHER = "staple gun under moonlight"


class Browser(APIClient):
    """A browser at an address of its own, with cookies; writes carry the CSRF token only where a test says so."""

    def __init__(self, address: str = "192.0.2.1", agent: str = "Firefox", **options: Any) -> None:
        super().__init__(REMOTE_ADDR=address, HTTP_USER_AGENT=agent, **options)

    def sign_in(self, username: str = "anna", password: str = PASSWORD, **more: Any) -> Any:
        """Post the form of signing in."""
        return self.post(f"{AUTH}/login/", {"username": username, "password": password, **more})

    def is_in(self) -> bool:
        """Tell whether the session counts."""
        return bool(self.get(f"{AUTH}/me/").status_code == 200)


def code_of(secret: str, clock: FixedClock) -> str:
    """Give what the app shows now."""
    return pyotp.TOTP(secret).at(clock.now())


def pass_time(clock: FixedClock, **much: float) -> datetime:
    """Set the clock forward."""
    clock.instant += timedelta(**much)
    return clock.instant


def enrolled(browser: Browser, clock: FixedClock) -> tuple[str, list[str]]:
    """Set a second factor up; its secret and recovery codes are given, and the code that was used is over."""
    secret = browser.post(f"{AUTH}/session/secondFactor/enrol/").json()["secret"]
    confirmed = browser.post(f"{AUTH}/session/secondFactor/confirm/", {"code": code_of(secret, clock)})
    assert confirmed.status_code == 200, confirmed.content
    pass_time(clock, seconds=60)
    return secret, confirmed.json()["recovery_codes"]


def acts() -> list[str]:
    """Give the audit acts of signing in, in order."""
    rows = AuditEntry.objects.filter(act__startswith="sign_in.").order_by("id")
    return [act.removeprefix("sign_in.") for act in rows.values_list("act", flat=True)]
