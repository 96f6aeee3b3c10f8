"""Why somebody went which way: a code with its values, which reads as a sentence in English and can be said in Arabic.

A reason is a text, so that it is kept and compared as one; who shows it to a person says it in that person's language.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Self

from loyalty.foundation.kernel.errors import Refusal
from loyalty.journeys.contracts import LOOP_BOUND_CODE
from loyalty.journeys.policy.action_phrases import ACTION_PHRASES
from loyalty.journeys.policy.refusal_phrases import REFUSALS

STEP_PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "assumed": "assumed for this trial",
        "became": "it became {moment}",
        "became_local": "it became {time} in {zone}",
        "by_hand": "by hand",
        "by_version": "version {number}",
        "taken_back": "back to version {number}",
        "customer_closed": "the customer is closed",
        "held_out": "held out",
        "left_segment": "left the segment",
        "merged": "merged into another customer",
        "arm_kept": "keeps the branch {branch} from before",
        "drawn": "drawn by lot: {bucket} of {total}",
        "event_came": "{event_type} came",
        "event_late": "{event_type} did not come in time",
        "exit_rule": "exit rule",
        "expired": "the longest time was over",
        "goal": "goal reached",
        "left_by_event": "event {event_type}",
        "no_start": "the journey has no start",
        "step_unfit": "the step is not finished: the value of “{field}” does not fit",
        # What another domain said; in another language than its own it is said by its code.
        "refused": "{detail}",
        "rule_gone": "the rule can no longer be read",
        "too_often": "came to one node too often",
        "unknown": "{name} is not known",
        "unknown_date": "{name} is not known, so there is nothing to wait for",
        "waited": "waited {amount} {unit}",
        "is": "{name} is {value}",
        "yes": "yes",
        "no": "no",
    },
    "ar": {
        "assumed": "مفترَض لهذه التجربة",
        "became": "حلّ الموعد {moment}",
        "became_local": "صارت الساعة {time} بتوقيت {zone}",
        "by_hand": "يدويًا",
        "by_version": "الإصدار {number}",
        "taken_back": "عودة إلى الإصدار {number}",
        "customer_closed": "أُغلق حساب العميل",
        "held_out": "مستبعد للمقارنة",
        "left_segment": "خرج من الشريحة",
        "merged": "دُمج في عميل آخر",
        "arm_kept": "يبقى على الفرع {branch} كما كان من قبل",
        "drawn": "بالقرعة: {bucket} من {total}",
        "event_came": "وقع الحدث {event_type}",
        "event_late": "لم يقع الحدث {event_type} في الوقت المحدد",
        "exit_rule": "قاعدة الخروج",
        "expired": "انقضت أطول مدة",
        "goal": "تحقق الهدف",
        "left_by_event": "الحدث {event_type}",
        "no_start": "ليس للرحلة بداية",
        "step_unfit": "الخطوة غير مكتملة: قيمة «{field}» لا تناسب",
        "refused": "{detail}",
        "rule_gone": "لم تعد القاعدة مقروءة",
        "too_often": "وصل إلى الخطوة نفسها مرات أكثر من اللازم",
        "unknown": "{name} غير معروف",
        "unknown_date": "{name} غير معروف، فلا شيء يُنتظر",
        "waited": "انتظر {amount} {unit}",
        "is": "{name} هو {value}",
        "yes": "نعم",
        "no": "لا",
    },
}
PHRASES: Mapping[str, Mapping[str, str]] = {
    language: {**told, **ACTION_PHRASES[language]} for language, told in STEP_PHRASES.items()
}
# The reason that is another domain's refusal, and the values of it that no fact may stand for.
REFUSED = "refused"
RESERVED = frozenset({"code", "refusal", "detail"})
UNITS: Mapping[str, str] = {"minutes": "دقيقة", "hours": "ساعة", "days": "يوم", "weeks": "أسبوع"}


# What the statements that end and move people write down as a sentence alone.
ALONE = (
    "by_hand", "by_version", "customer_closed", "customer_missing", "exit_rule", "expired", "goal", "held_out",
    "left_by_event", "left_segment", "merged", "taken_back",
)  # fmt: skip


class Reason(str):
    """A reason as an English sentence, with its code and values."""

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Any]

    def __new__(cls, code: str, **values: Any) -> Self:
        """Make the reason of a code."""
        made = super().__new__(cls, PHRASES["en"][code].format(**values))
        made.code, made.values = code, values
        return made

    def __deepcopy__(self, memo: object) -> Self:
        """Nothing of it changes, and a copy by its sentence would lose what it is made of."""
        return self


def refused(code: str, detail: str, **facts: Any) -> Reason:
    """Give what another domain refused as a reason: its own sentence, and its code for other languages."""
    plain = {name: value for name, value in facts.items() if isinstance(value, str | int) and name not in RESERVED}
    return Reason(REFUSED, refusal=code, detail=detail or code, **plain)


def refused_by(refusal: Refusal) -> Reason:
    """Give a refusal as a reason."""
    return refused(refusal.code, refusal.detail, **refusal.facts)


def say(reason: str, language: str) -> str:
    """Say a reason in a language; a text without a code stays as it is."""
    if not isinstance(reason, Reason) or language not in PHRASES:
        return str(reason)
    if reason.code == REFUSED:
        return _said_refusal(reason, language)
    return PHRASES[language][reason.code].format(
        **{name: _said(value, language) for name, value in reason.values.items()}
    )


def _said_refusal(reason: Reason, language: str) -> str:
    """Say a refusal by its code, or in its own words where the code has none in the language."""
    phrase = REFUSALS.get(language, {}).get(str(reason.values.get("refusal")), "")
    try:
        return phrase.format(**reason.values) if phrase else str(reason)
    except KeyError:
        return str(reason)


def _said(value: Any, language: str) -> Any:
    if isinstance(value, Reason):
        return say(value, language)
    return UNITS.get(str(value), value) if language == "ar" else value


def kept(reason: str) -> dict[str, Any] | None:
    """Give a reason as it is kept beside its sentence, so that it can be said in another language later."""
    if not isinstance(reason, Reason):
        return None
    inner = {name: kept(value) or value for name, value in reason.values.items()}
    return {"code": reason.code, "values": inner}


def read(told: Any, sentence: str) -> str:
    """Give a reason back that was kept, by its parts or by the sentence alone; what nobody knows is its sentence."""
    if not isinstance(told, Mapping):
        return _recognised(sentence)
    if told.get("code") not in PHRASES["en"]:
        return sentence
    values = told.get("values") or {}
    try:
        return Reason(
            str(told["code"]),
            **{name: read(one, str(one)) if isinstance(one, Mapping) else one for name, one in values.items()},
        )
    except KeyError:
        return sentence


def _recognised(sentence: str) -> str:
    if sentence == LOOP_BOUND_CODE:
        return Reason("too_often")
    for code, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            return Reason(code, **found.groupdict())
    return sentence


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    """Give how the sentence of each code that is kept alone reads."""
    return {
        code: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\S+)", re.escape(PHRASES["en"][code]))) for code in ALONE
    }
