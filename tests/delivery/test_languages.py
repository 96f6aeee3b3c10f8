"""Which language a customer is written to in."""

import pytest

from loyalty.delivery.policy import languages


@pytest.mark.parametrize(
    ("available", "wanted", "fallbacks", "chosen"),
    [
        (["en", "ar"], "ar", ["en"], "ar"),
        (["en", "ar"], "ar-LB", ["en"], "ar"),
        (["en", "ar", "ar-LB"], "ar_lb", ["en"], "ar-LB"),
        (["en", "fr"], "de", ["ar", "fr", "en"], "fr"),
        (["en"], "", ["en"], "en"),
        (["zh-Hant", "en"], "zh-Hant-TW", ["en"], "zh-Hant"),
        # A wider tag is not a narrower one: whoever reads Arabic may not read Moroccan Arabic.
        (["ar-MA", "en"], "ar", ["en"], "en"),
    ],
)
def test_choose__wanted_and_fallbacks__gives_the_nearest(
    available: list[str], wanted: str, fallbacks: list[str], chosen: str
) -> None:
    assert languages.choose(available, wanted, fallbacks) == chosen


@pytest.mark.parametrize("text", ["EN", "e", "english", "ar-lb", "ar_LB", "en-", "", "en en"])
def test_is_tag__other_texts__is_false(text: str) -> None:
    assert not languages.is_tag(text)
