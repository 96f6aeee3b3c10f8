"""Fixtures of signing in."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from loyalty.foundation.access.api import create_user
from loyalty.foundation.access.models import User
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.web import limits
from tests.foundation.signing_in.door import PASSWORD, Browser


@pytest.fixture
def watch(now: datetime) -> Iterator[FixedClock]:
    """The clock of the platform, set by hand."""
    with clock.use(FixedClock(now)) as fixed:
        assert isinstance(fixed, FixedClock)
        yield fixed
    limits.forget_lots()


@pytest.fixture
def anna(db: None, watch: FixedClock) -> User:
    """A manager."""
    view = create_user(username="anna", password=PASSWORD, email="anna@example.test", roles=["manager"])
    return User.objects.get(public_id=view.id)


@pytest.fixture
def browser(anna: User) -> Browser:
    """A browser in which Anna is signed in."""
    opened = Browser()
    assert opened.sign_in().status_code == 200
    return opened
