"""The mail server of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.delivery.post import Post, post_office
from tests.delivery.smsc import Smsc, message_centre


@pytest.fixture
def post(tmp_path: Path, settings: Settings) -> Iterator[Post]:
    """A real mail server, and the settings that lead to it."""
    with post_office(tmp_path) as office:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        settings.LOYALTY_EMAIL_RELAY_IS_FINAL = False
        settings.PUBLIC_URL = "https://loyalty.test"
        yield office


@pytest.fixture
def smsc(tmp_path: Path, settings: Settings) -> Iterator[Smsc]:
    """A real short message centre, and the settings that lead to it."""
    with message_centre(tmp_path) as centre:
        settings.LOYALTY_SMS_PROVIDER = "smpp"
        settings.LOYALTY_SMS_FROM = "Khaywe"
        settings.LOYALTY_SMPP_HOST, settings.LOYALTY_SMPP_PORT = "127.0.0.1", centre.port
        settings.LOYALTY_SMPP_TIMEOUT = 2
        yield centre
