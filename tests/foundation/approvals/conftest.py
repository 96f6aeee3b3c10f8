"""Fixtures of the tests of approvals."""

from collections.abc import Iterator

import pytest

from loyalty.foundation.access.models import User
from loyalty.foundation.kernel import approving
from tests.foundation.approvals import things


@pytest.fixture
def world(db: None) -> Iterator[None]:
    """Register the tests' own kind of change and have its table."""
    things.sql(things.TABLE)
    approving.register_subject(things.SUBJECT)
    yield
    approving._Installed.subjects.pop(things.KIND)
    things.sql("DROP TABLE IF EXISTS tests_thing")


@pytest.fixture
def maker(world: None) -> User:
    """Give somebody who asks, and may decide on what others ask for."""
    return things.make_user("maker", roles=["boss"], email="maker@khaywe.example")


@pytest.fixture
def boss(world: None) -> User:
    """Give somebody who decides."""
    return things.make_user("boss", roles=["boss"], email="boss@khaywe.example")


@pytest.fixture
def other(world: None) -> User:
    """Give another one who decides."""
    return things.make_user("other", roles=["boss", "finance"])
