"""STOP, START and HELP as people and their telephones write them, and what only looks like them."""

import pytest

from loyalty.delivery.policy.keywords import Keyword, keyword_of

STOPS = [
    *(
        "STOP",
        "stop",
        "Stop.",
        " stop ",
        "STOP!!!",
        "«Stop»",
        "stop 🙏",
        "STOP\x00",
        "ＳＴＯＰ",
        "Stop stop",
        "STOP\r\n",
    ),
    *("STOPALL", "stop all", "Unsubscribe", "CANCEL", "End", "quit", "Revoke", "OPTOUT", "opt-out", "Opt out"),
    *(
        "Arrêt",
        "ARRET",
        "Arre\u0302t",
        "désabonner",
        "توقف",
        "توقّف",
        "\u200fتوقف\u200f",
        "إيقاف",
        "ايقاف",
        "إلغـــاء",
        "ﺗﻮﻗﻒ",
    ),
    *("إلغاء الاشتراك", "ﺗﻮﻗﻒ", "ＳＴＯＰ"),
]
OTHERS = [
    *(
        "",
        " ",
        "🙂",
        "?",
        "Please stop calling me",
        "stopping",
        "don't stop",
        "the end",
        "stop_now",
        "S T O P",
        "st op",
    ),
    *("stop help", "STOP START", "7726", "لا توقف الخدمة", "help me stop"),
]


@pytest.mark.parametrize("body", STOPS)
def test_keyword__stop_however_it_is_written__is_stop(body: str) -> None:
    assert keyword_of(body) is Keyword.STOP


@pytest.mark.parametrize("body", OTHERS)
def test_keyword__sentence_or_two_meanings__is_none(body: str) -> None:
    assert keyword_of(body) is None


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        *((one, Keyword.START) for one in ("START", "unstop", "Subscribe", "ابدأ", "اشتراك")),
        *((one, Keyword.HELP) for one in ("HELP", "Info?", "aide", "مساعدة", "مساعده", "İnfo")),
    ],
)
def test_keyword__start_and_help__are_told_apart(body: str, keyword: Keyword) -> None:
    assert keyword_of(body) is keyword
