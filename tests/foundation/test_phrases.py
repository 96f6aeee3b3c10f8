"""Sentences as codes with values: said in each language, with what people wrote set apart from right-to-left text."""

import pytest

from loyalty.foundation.kernel.phrases import Phrase, Words, say

WORDS: Words = {
    "en": {"give": "Give {points} to {who}{note}", "note": ", {why}", "nobody": "nobody", "at": "{place}: {who}"},
    "ar": {"give": "منح {points} إلى {who}{note}", "note": "، {why}", "nobody": "لا أحد", "at": "{place}: {who}"},
}
GIVE = Phrase("give", {"points": 12500, "who": ["Ada", "Bo (x)"], "note": Phrase("note", {"why": "goodwill"})})


def test_phrase__with_every_sort_of_value__is_said_in_each_language() -> None:
    assert say(GIVE, WORDS, "en") == "Give 12,500 to Ada, Bo (x), goodwill"
    assert say(GIVE, WORDS, "ar") == "منح 12,500 إلى \u2068Ada\u2069، \u2068Bo (x)\u2069، \u2068goodwill\u2069"


def test_phrase__in_a_language_without_words__is_said_in_english() -> None:
    assert say(GIVE, WORDS, "fr") == say(GIVE, WORDS, "en")


def test_name__that_each_language_calls_otherwise__is_that_of_the_language_or_english() -> None:
    named = Phrase("at", {"place": {"en": "Mail server", "ar": "خادم البريد"}, "who": Phrase("nobody")})
    assert say(named, WORDS, "ar") == "خادم البريد: لا أحد"
    plain = Phrase("at", {"place": {"en": "Mail server"}, "who": ""})
    assert say(plain, WORDS, "ar") == "\u2068Mail server\u2069: "
    assert say(plain, WORDS, "en") == "Mail server: "


@pytest.mark.parametrize("phrase", [Phrase("missing"), Phrase("note")])
def test_phrase__of_an_unknown_code_or_without_a_value__is_a_fault(phrase: Phrase) -> None:
    with pytest.raises(KeyError):
        say(phrase, WORDS, "en")


def test_value__that_looks_like_a_place__stays_a_value() -> None:
    assert say(Phrase("note", {"why": "{points} {0} %s"}), WORDS, "en") == ", {points} {0} %s"
