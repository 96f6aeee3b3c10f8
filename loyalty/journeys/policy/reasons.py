"""Why somebody went which way: a code with its values, which reads as a sentence in English and can be said in Arabic.

A reason is a text, so that it is kept and compared as one; who shows it to a person says it in that person's language.
"""

from collections.abc import Mapping
from typing import Any, Self

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "assumed": "assumed for this trial",
        "became": "it became {moment}",
        "became_local": "it became {time} in {zone}",
        "drawn": "drawn by lot: {bucket} of {total}",
        "event_came": "{event_type} came",
        "event_late": "{event_type} did not come in time",
        "exit_rule": "exit rule",
        "expired": "the longest time was over",
        "goal": "goal reached",
        "left_by_event": "event {event_type}",
        "no_start": "the journey has no start",
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
        "drawn": "بالقرعة: {bucket} من {total}",
        "event_came": "وقع الحدث {event_type}",
        "event_late": "لم يقع الحدث {event_type} في الوقت المحدد",
        "exit_rule": "قاعدة الخروج",
        "expired": "انقضت أطول مدة",
        "goal": "تحقق الهدف",
        "left_by_event": "الحدث {event_type}",
        "no_start": "ليس للرحلة بداية",
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
UNITS: Mapping[str, str] = {"minutes": "دقيقة", "hours": "ساعة", "days": "يوم", "weeks": "أسبوع"}


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


def say(reason: str, language: str) -> str:
    """Say a reason in a language; a text without a code stays as it is."""
    if not isinstance(reason, Reason) or language not in PHRASES:
        return str(reason)
    values = {
        name: UNITS.get(str(value), value) if language == "ar" else value for name, value in reason.values.items()
    }
    return PHRASES[language][reason.code].format(**values)
