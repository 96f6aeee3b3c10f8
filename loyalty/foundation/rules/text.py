"""From JSON text to a rule and from a rule to its canonical text, without losing a digit."""

import hashlib
import json
import re
from decimal import Decimal, InvalidOperation

from loyalty.foundation.rules.limits import DEPTH_MAX, DOCUMENT_BYTES_MAX, measure, refuse

# What a rule means is fixed by the profile it was saved under; a rule without one was saved under the first.
PROFILES = (1, 2)
PROFILE_FIRST = 1
PROFILE_LATEST = 2
PROFILE = f"loyalty-jsonlogic {PROFILE_LATEST}"

# Every level of a rule opens an object and a list of arguments; one more of each for the ends.
_NESTING_MAX = 2 * (DEPTH_MAX + 1)
# The closing quote is optional so that an unfinished text is passed over once and not tried again at every quote.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


def parse_text(text: str | bytes) -> object:
    """Read a rule from JSON text; numbers with a point become exact decimals.

    :raises RuleInvalid: not JSON, a repeated key, NaN, too deep or too large.
    """
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > DOCUMENT_BYTES_MAX:
        raise refuse("rule.too_large", f"A rule has at most {DOCUMENT_BYTES_MAX} bytes.", None)
    try:
        plain = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise refuse("rule.not_json", "A rule is JSON in UTF-8.", None) from error
    _check_nesting(plain)
    try:
        value: object = json.loads(
            plain,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_one_meaning,
        )
    except json.JSONDecodeError as error:
        raise refuse(
            "rule.not_json", f"Not JSON: {error.msg} in line {error.lineno}, column {error.colno}.", None
        ) from error
    measure(value)
    return value


def canonical(rule_json: object) -> str:
    """The one text of a rule: no spaces, numbers plain and without idle zeros, so equal rules have equal texts.

    :raises RuleInvalid: the rule breaks a limit, so it has no text.
    """
    measure(rule_json)
    return _write(rule_json)


def fingerprint(rule_json: object, profile: int = PROFILE_LATEST) -> str:
    """A short name for what a rule says: SHA-256 over the profile and the canonical text."""
    return hashlib.sha256(f"loyalty-jsonlogic {profile}\n{canonical(rule_json)}".encode()).hexdigest()


def plain_number(value: int | Decimal) -> str:
    """A number as people write it: no exponent, no idle zeros, no minus zero."""
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def exact(value: int | float | Decimal) -> int | Decimal:
    """A number of the rule or of a fact without loss: a float by its shortest text, whole numbers as integers."""
    if isinstance(value, int):
        return value
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    return int(number) if number == number.to_integral_value() else number


def _write(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_write(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_write(inner) for inner in value) + "]"
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value)
    if isinstance(value, (int, float, Decimal)):
        return plain_number(exact(value))
    raise TypeError(f"{type(value).__name__} passed the measuring")


def _check_nesting(text: str) -> None:
    """Refuse deep text before the JSON reader, whose own recursion would be met first."""
    level = 0
    for match in _BRACKETS.finditer(text):
        mark = match.group()
        if mark in "[{":
            level += 1
            if level > _NESTING_MAX:
                raise refuse("rule.too_deep", f"A rule is at most {DEPTH_MAX} levels deep.", None)
        elif mark in "]}":
            level -= 1


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise refuse("rule.bad_literal", "A number of the rule is too long.", None) from error


def _integer(text: str) -> int:
    # Python refuses to read very long integers; the limit of the rules is far below that.
    if len(text) > 100:
        raise refuse("rule.bad_literal", "A number of the rule is too long.", None)
    return int(text)


def _constant(text: str) -> object:
    raise refuse("rule.bad_literal", f"{text} is not a number.", None)


def _one_meaning(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise refuse("rule.bad_shape", "An object in a rule names a key twice.", None)
    return value
