"""The language of an answer's sentences follows the Accept-Language header."""

import pytest

from loyalty.foundation.web.languages import language_in, language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ar", "ar"),
        ("ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        ("fr, en;q=0.5, ar;q=0.7", "ar"),
        ("AR", "ar"),
        ("de,fr", "en"),
        ("ar;q=0, en", "en"),
        ("ar;q=much, xx", "en"),
        (",;q=;;" * 1_000, "en"),
    ],
)
def test_language__header__is_the_best_we_speak(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_language__no_request__is_english() -> None:
    assert language_in({}) == "en"
