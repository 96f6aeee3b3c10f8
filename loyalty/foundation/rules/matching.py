"""Whether a rule has the shape of a pattern (the rule_like of the JSONLogic authors)."""

from decimal import Decimal

from loyalty.foundation.rules.limits import measure

_KINDS = {"number": (int, float, Decimal), "string": (str,), "array": (list, tuple)}


def rule_like(rule_json: object, pattern: object) -> bool:
    """Whether the rule looks like the pattern.

    In a pattern "@" stands for anything, "number", "string" and "array" for any value of that kind, and the key "@"
    for any operator; everything else stands for itself.

    :raises RuleInvalid: the rule or the pattern breaks a limit.
    """
    measure(rule_json)
    measure(pattern)
    return _is_like(rule_json, pattern)


def _is_like(rule: object, pattern: object) -> bool:
    if pattern == "@":
        return True
    if isinstance(pattern, str) and pattern in _KINDS:
        return isinstance(rule, _KINDS[pattern]) and not isinstance(rule, bool)
    if isinstance(pattern, dict):
        return isinstance(rule, dict) and _is_like_call(rule, pattern)
    if isinstance(pattern, (list, tuple)):
        if not isinstance(rule, (list, tuple)) or len(rule) != len(pattern):
            return False
        return all(_is_like(one, other) for one, other in zip(rule, pattern, strict=True))
    return type(rule) is type(pattern) and rule == pattern


def _is_like_call(rule: dict[str, object], pattern: dict[str, object]) -> bool:
    name, operands = next(iter(rule.items()))
    wanted, shape = next(iter(pattern.items()))
    return wanted in ("@", name) and _is_like(operands, shape)
