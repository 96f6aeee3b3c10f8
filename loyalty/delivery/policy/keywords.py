"""The words by which a customer steers text messages: CTIA's list, and the same in French and Arabic."""

from enum import StrEnum


class Keyword(StrEnum):
    """What a customer asks for with one word."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


WORDS: dict[str, Keyword] = {
    **dict.fromkeys(
        (
            "stop",
            "stopall",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "arret",
            "arrêt",
            "توقف",
            "إيقاف",
            "ايقاف",
            "الغاء",
            "إلغاء",
        ),
        Keyword.STOP,
    ),
    **dict.fromkeys(("start", "unstop", "subscribe", "ابدأ", "اشتراك"), Keyword.START),
    **dict.fromkeys(("help", "info", "aide", "مساعدة"), Keyword.HELP),
}
# What people write around a word.
AROUND = " \t\r\n.,!?؟\"'«»()-"


def keyword_of(body: str) -> Keyword | None:
    """Give the keyword that a message consists of, or None: "please stop calling" is a sentence and not a keyword."""
    return WORDS.get(body.strip(AROUND).casefold())
