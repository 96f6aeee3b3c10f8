"""Reasons are said in two languages, each with the same values."""

import copy
import json
import string

import pytest

from loyalty.journeys.policy.reasons import ALONE, PHRASES, Reason, kept, read, say


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


def test_kept__a_reason_within_a_reason__is_read_again_and_said_in_arabic() -> None:
    reason = Reason("not_sent", reason=Reason("refused_no_consent"))
    told = json.loads(json.dumps(kept(reason)))
    assert read(told, str(reason)) == reason == "Nothing is sent: the customer did not agree."
    assert say(read(told, str(reason)), "ar") == "لا يُرسل شيء: لم يوافق العميل."


def test_reason__copied_deep__can_still_be_said_in_arabic() -> None:
    assert say(copy.deepcopy({"words": Reason("goal")})["words"], "ar") == say(Reason("goal"), "ar")


@pytest.mark.parametrize("told", [{"code": "forgotten", "values": {}}, {"code": "waited", "values": {}}, {"code": 7}])
def test_read__parts_that_nobody_knows__are_the_sentence(told: object) -> None:
    assert read(told, "as it was") == "as it was"


def test_read__a_sentence_alone__is_known_where_a_statement_writes_it() -> None:
    for code in ALONE:
        sentence = Reason(code, event_type="customer.purchase", number=3)
        assert say(read(None, str(sentence)), "ar") == say(sentence, "ar")
    assert say(read(None, "journeys.loop_bound"), "en") == "came to one node too often"
    assert read(None, "told by somebody") == "told by somebody"
