"""The short signed tokens."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from loyalty.delivery.kinds import tokens

IDS = st.integers(min_value=1, max_value=2**63 - 1)


@given(IDS, IDS)
def test_token__read_again__gives_its_numbers(first: int, second: int) -> None:
    token = tokens.make([first, second], "a")
    assert token.isascii()
    assert token.isalnum()
    assert len(token) <= tokens.TOKEN_LENGTH_MAX
    assert tokens.read(token, "a", 2) == (first, second)


@given(st.text(max_size=70))
def test_token__any_text__is_refused_and_nothing_breaks(text: str) -> None:
    assert tokens.read(text, "a", 2) is None


def test_token__other_salt_count_or_digit__is_refused() -> None:
    token = tokens.make([7, 9], "a")
    assert tokens.read(token, "b", 2) is None
    assert tokens.read(token, "a", 1) is None
    for place, digit in enumerate(token):
        other = secrets.choice([one for one in tokens.DIGITS if one != digit])
        assert tokens.read(token[:place] + other + token[place + 1 :], "a", 2) is None


def test_token__of_a_hundred_million_messages__fits_into_a_text() -> None:
    assert len(tokens.make([100_000_000, 10_000], "a")) <= 17


def test_token__signed_with_the_key_before__is_read(settings: Settings) -> None:
    token = tokens.make([7], "a")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    assert tokens.read(token, "a", 1) == (7,)
    settings.SECRET_KEY_FALLBACKS = []
    assert tokens.read(token, "a", 1) is None


@pytest.mark.parametrize("text", ["", "0", "AAAA", "-" * 20])
def test_token__malformed__is_refused(text: str) -> None:
    assert tokens.read(text, "a", 1) is None
