"""The mail server of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.delivery.post import Post, post_office


@pytest.fixture
def post(tmp_path: Path, settings: Settings) -> Iterator[Post]:
    """A real mail server, and the settings that lead to it."""
    with post_office(tmp_path) as office:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        settings.LOYALTY_EMAIL_RELAY_IS_FINAL = False
        settings.PUBLIC_URL = "https://loyalty.test"
        yield office
