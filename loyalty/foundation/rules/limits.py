"""The limits every rule obeys, and the measuring that keeps a hostile rule from reaching any recursion."""

from collections.abc import Iterator
from decimal import Decimal

from loyalty.foundation.rules.contracts import Problem
from loyalty.foundation.rules.errors import RuleFault, RuleInvalid

# A person cannot read a rule deeper or longer than this; the builders of the console stay far below.
DEPTH_MAX = 32
NODES_MAX = 500
LIST_MAX = 1_000
# Together with LIST_MAX: a rule may hold several long lists, but not five hundred of them.
ITEMS_MAX = 10_000
TEXT_MAX = 4_096
# Room for ITEMS_MAX items of ordinary length; below the platform's limit of request bodies.
DOCUMENT_BYTES_MAX = 262_144
# A literal or a fact has at most 38 digits before and 38 after the point, as NUMERIC(38) in every warehouse.
DIGITS_MAX = 38
WHOLE_MAX: int = 10**DIGITS_MAX
# What arithmetic keeps: 500 parts of 76 digits stay far below this.
COMPUTED_DIGITS_MAX = 4_000
# What list operators may spend on one evaluation, in visited nodes; a rule over a list of 1,000 needs far less.
STEPS_MAX = 100_000

Path = tuple["Path", object] | None


def pointer(path: Path) -> str:
    """The JSON Pointer of a linked path."""
    parts: list[str] = []
    while path is not None:
        path, step = path
        parts.append("/" + str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(reversed(parts))


def refuse(code: str, message: str, path: Path) -> RuleInvalid:
    """The refusal for one problem at one place."""
    return RuleInvalid.of([Problem(code, message, pointer(path))])


def measure(rule_json: object) -> None:
    """Refuse a rule that is too deep, too large or not made of JSON values. Walks without recursion.

    An operator and a list literal each count one level; the list of an operator's arguments does not.
    """
    nodes = items = 0
    stack: list[tuple[object, int, Path, bool]] = [(rule_json, 1, None, False)]
    while stack:
        value, depth, path, is_arguments = stack.pop()
        if depth > DEPTH_MAX + 1:
            raise refuse("rule.too_deep", f"A rule is at most {DEPTH_MAX} levels deep.", path)
        if isinstance(value, (list, tuple)):
            if len(value) > LIST_MAX:
                raise refuse("rule.too_large", f"A list has at most {LIST_MAX} items.", path)
            items += len(value)
            nodes += 0 if is_arguments else 1
            stack.extend(_inside_list(value, depth, path, is_arguments))
        elif isinstance(value, dict):
            nodes += 1
            name = _operator_name(value, path)
            stack.append((value[name], depth + 1, (path, name), True))
        else:
            nodes += 1 if is_arguments else 0
            _check_scalar(value, path)
        if nodes > NODES_MAX or items > ITEMS_MAX:
            raise refuse("rule.too_large", f"A rule has at most {NODES_MAX} parts.", path)


def _inside_list(
    values: list[object] | tuple[object, ...], depth: int, path: Path, is_arguments: bool
) -> Iterator[tuple[object, int, Path, bool]]:
    """What to look at inside a list: scalars of a plain list are items, not parts of the rule."""
    below = depth if is_arguments else depth + 1
    for index, value in enumerate(values):
        is_nested = isinstance(value, (list, tuple))
        yield value, below, (path, index), is_arguments and not is_nested


def _operator_name(value: dict[object, object], path: Path) -> str:
    if len(value) != 1:
        raise refuse("rule.bad_shape", "An object in a rule has exactly one key, its operator.", path)
    name = next(iter(value))
    if not isinstance(name, str):
        raise refuse("rule.bad_shape", "The key of an object in a rule is a text.", path)
    return name


def _check_scalar(value: object, path: Path) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            raise refuse("rule.too_large", f"A text has at most {TEXT_MAX} characters.", path)
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise refuse("rule.bad_literal", "A text holds whole Unicode characters and no NUL.", path)
        return
    if isinstance(value, (int, float, Decimal)):
        if not is_sound_number(value):
            raise refuse(
                "rule.bad_literal", f"A number is finite, with at most {DIGITS_MAX} digits on each side.", path
            )
        return
    raise refuse("rule.bad_literal", f"A rule holds JSON values, not {type(value).__name__}.", path)


def is_sound_number(value: int | float | Decimal) -> bool:
    """Finite, with at most DIGITS_MAX digits before and after the decimal point."""
    if isinstance(value, int):
        return abs(value) < WHOLE_MAX
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        return False
    if not number:
        return True
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and number.adjusted() < DIGITS_MAX and exponent >= -2 * DIGITS_MAX


def is_bounded(value: int | float | Decimal) -> bool:
    """Finite; what was computed may have more digits than what was written, up to what arithmetic keeps.

    :raises RuleFault: finite, but with more digits than arithmetic keeps exactly.
    """
    if isinstance(value, int):
        return True
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        return False
    if abs(number.adjusted()) > COMPUTED_DIGITS_MAX:
        raise RuleFault(f"A number has more than {COMPUTED_DIGITS_MAX} digits.")
    return True
