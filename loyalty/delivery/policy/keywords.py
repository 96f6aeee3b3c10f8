"""The words by which a customer steers text messages: CTIA's list and the FCC's, and the same in French and Arabic."""

import re
import unicodedata
from enum import StrEnum


class Keyword(StrEnum):
    """What a customer asks for with one word."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


def _plain(text: str) -> str:
    """Give a text without what keyboards add to a word: case, accents and vowel signs, width, marks of direction.

    Letters stay, and whatever stands between words becomes one space; so "Arrêt" and "إيقاف" are found however a
    telephone composes them.
    """
    apart = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(one for one in apart if unicodedata.category(one) not in ("Mn", "Cf") and one != TATWEEL)
    return " ".join(re.findall(r"[^\W_]+", letters))


# Draws a word of Arabic out; it is no letter.
TATWEEL = "\u0640"
WORDS: dict[str, Keyword] = {
    _plain(word): keyword
    for keyword, words in {
        Keyword.STOP: (
            *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"),
            *("arrêt", "arrêter", "désabonner", "désinscrire"),
            *("توقف", "إيقاف", "أوقف", "قف", "إلغاء", "إلغاء الاشتراك"),
        ),
        Keyword.START: ("start", "unstop", "subscribe", "ابدأ", "اشتراك"),
        Keyword.HELP: ("help", "info", "aide", "مساعدة", "مساعده"),
    }.items()
    for word in words
}


def keyword_of(body: str) -> Keyword | None:
    """Give the keyword that a message consists of, or None: "please stop calling" is a sentence and not a keyword.

    The same word again and again ("STOP STOP") is that word.
    """
    text = _plain(body)
    if text in WORDS:
        return WORDS[text]
    meant = {WORDS.get(word) for word in text.split()}
    return meant.pop() if len(meant) == 1 else None
