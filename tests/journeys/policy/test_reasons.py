"""Reasons are said in two languages, each with the same values."""

import string

from loyalty.journeys.policy.reasons import PHRASES, Reason, say


def test_phrases__in_both_languages__the_same_codes_and_values() -> None:
    named = {
        language: {
            code: {name for _, name, _, _ in string.Formatter().parse(text) if name} for code, text in told.items()
        }
        for language, told in PHRASES.items()
    }
    assert named["ar"] == named["en"]


def test_say__a_reason_is_its_english_sentence__and_another_in_arabic() -> None:
    reason = Reason("waited", amount=2, unit="hours")
    assert (reason, say(reason, "en"), say(reason, "ar")) == ("waited 2 hours", "waited 2 hours", "انتظر 2 ساعة")
    assert say("told by an action", "ar") == "told by an action"
