"""What may be a custom query, and whether a table is what the catalogue says: pure decisions.

Reading the query here is a courtesy that gives early and clear refusals. What keeps a query from doing harm is the
database role (``rights``), the warehouse's own parser, and a read-only connection.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loyalty.foundation.rules.contracts import FieldType
from loyalty.warehouse.contracts import CustomQuery, TableDescription
from loyalty.warehouse.errors import (
    WarehouseColumnMissing,
    WarehouseKeyNull,
    WarehouseMismatch,
    WarehouseQueryInvalid,
    WarehouseTypeChanged,
)

QUERY_LENGTH_MAX = 20_000
PARAMETERS = frozenset({"customer_id", "start_date"})
# Words that begin or hide a change. A column of such a name can be written in double quotes.
FORBIDDEN_WORDS = frozenset(
    {
        *(
            "insert",
            "update",
            "delete",
            "merge",
            "truncate",
            "into",
            "copy",
            "call",
            "do",
            "execute",
            "exec",
            "prepare",
        ),
        *("grant", "revoke", "alter", "drop", "create", "lock", "vacuum", "begin", "commit", "rollback", "savepoint"),
        *(
            "attach",
            "detach",
            "install",
            "load",
            "pragma",
            "listen",
            "notify",
            "deallocate",
            "set",
            "reset",
            "returning",
        ),
    }
)
# Characters that mean something else in another warehouse; what one parser takes for text another could run.
FORBIDDEN_CHARACTERS = {
    "\\": "a backslash (write chr(92))",
    "$": "a dollar sign",
    "`": "a backtick",
    "?": "a question mark",
    "#": "a number sign",
    "@": "an at sign",
    ";": "a semicolon: only one statement may stand there",
}
_PREFIXES_OF_TEXT = frozenset({"e", "q", "nq", "n", "b", "x", "u&", "r"})
_PAIRS = {")": "(", "]": "["}
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<line_comment>--[^\n]*)|(?P<comment>/\*)|(?P<text>')|(?P<name>\")"
    r"|(?P<word>[^\W\d]\w*)|(?P<number>\d+)|(?P<cast>::)|(?P<parameter>:[^\W\d]\w*)|(?P<sign>.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def read_query(query: str) -> CustomQuery:
    """Read a custom query.

    :raises WarehouseQueryInvalid: it is not one SELECT without words that change something, or a sign in it means
        different things in different warehouses; says which.
    """
    if len(query) > QUERY_LENGTH_MAX:
        raise WarehouseQueryInvalid(f"The custom query has more than {QUERY_LENGTH_MAX} characters.")
    tokens = list(_tokens(query.strip().removesuffix(";")))
    _check_parentheses(tokens)
    words = [token.text.lower() for token in tokens if token.kind == "word"]
    solid = [token for token in tokens if token.kind != "space"]
    if not solid or solid[0].kind != "word" or words[0] not in ("select", "with"):
        raise WarehouseQueryInvalid("The custom query must begin with SELECT or WITH.")
    if found := FORBIDDEN_WORDS.intersection(words):
        raise WarehouseQueryInvalid(
            f"The custom query may only read, and has the word {min(found).upper()}; a column of that name goes into "
            "double quotes."
        )
    parameters = frozenset(token.text[1:] for token in tokens if token.kind == "parameter")
    if unknown := parameters - PARAMETERS:
        raise WarehouseQueryInvalid(f"The custom query knows :customer_id and :start_date, not :{min(unknown)}.")
    return CustomQuery(
        statement="".join(_for_sqlalchemy(token) for token in tokens).strip(),
        parameters=parameters,
        functions=frozenset(_functions(solid)),
    )


def _tokens(query: str) -> Iterator[_Token]:
    """Cut a query into words, quoted texts and signs; comments become a space."""
    at, before = 0, _Token("space", " ")
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None or match.lastgroup is None:
            raise WarehouseQueryInvalid(f"The custom query cannot be read at character {at + 1}.")
        kind, end = match.lastgroup, match.end()
        if kind == "comment":
            end = _end_of_comment(query, at)
        elif kind in ("text", "name"):
            if kind == "text" and _is_prefix(before, query, at):
                raise WarehouseQueryInvalid("The custom query may hold texts as '…' only, without a letter before.")
            end = _end_of_quoted(query, at)
        token = _Token("space", " ") if "comment" in kind else _Token(kind, query[at:end])
        _check_signs(token, before)
        yield token
        at, before = end, token


def _is_prefix(before: _Token, query: str, at: int) -> bool:
    return before.text.lower() in _PREFIXES_OF_TEXT or query[max(at - 2, 0) : at].lower() == "u&"


def _end_of_comment(query: str, at: int) -> int:
    end = query.find("*/", at + 2)
    if end < 0:
        raise WarehouseQueryInvalid("A comment of the custom query has no end.")
    if "/*" in query[at + 2 : end]:
        # Some warehouses nest comments and others do not.
        raise WarehouseQueryInvalid("The custom query may not hold a comment inside a comment.")
    return end + 2


def _end_of_quoted(query: str, at: int) -> int:
    quote, end = query[at], at + 1
    while True:
        end = query.find(quote, end)
        if end < 0:
            raise WarehouseQueryInvalid(f"A {quote} of the custom query is not closed.")
        if query[end : end + 2] != quote * 2:
            return end + 1
        end += 2


def _check_signs(token: _Token, before: _Token) -> None:
    if "\0" in token.text or "\\" in token.text:
        raise WarehouseQueryInvalid(f"The custom query may not hold {FORBIDDEN_CHARACTERS[chr(92)]} or a zero byte.")
    if token.kind != "sign":
        return
    if token.text in FORBIDDEN_CHARACTERS:
        raise WarehouseQueryInvalid(f"The custom query may not hold {FORBIDDEN_CHARACTERS[token.text]}.")
    if token.text == "/" and before.text == "/":
        raise WarehouseQueryInvalid("The custom query may not hold //, a comment in some warehouses.")
    if not token.text.isprintable():
        raise WarehouseQueryInvalid("The custom query may not hold characters that cannot be seen.")


def _check_parentheses(tokens: list[_Token]) -> None:
    """Refuse what would end the place that the query is put into."""
    opened: list[str] = []
    for token in tokens:
        if token.kind != "sign":
            continue
        if token.text in "([":
            opened.append(token.text)
        elif token.text in _PAIRS and (not opened or opened.pop() != _PAIRS[token.text]):
            raise WarehouseQueryInvalid(f"The custom query closes a {token.text} that it did not open.")
    if opened:
        raise WarehouseQueryInvalid(f"The custom query does not close a {opened[-1]}.")


def _for_sqlalchemy(token: _Token) -> str:
    return token.text if token.kind == "parameter" else token.text.replace(":", "\\:")


def _functions(tokens: list[_Token]) -> Iterator[str]:
    for token, after in zip(tokens, tokens[1:], strict=False):
        if after.text == "(" and token.kind in ("word", "name"):
            yield token.text.strip('"').replace('""', '"').lower()


def check_columns(description: TableDescription, expected: Mapping[str, FieldType]) -> None:
    """Check that a table still has the columns that the catalogue says, in their types.

    :raises WarehouseColumnMissing: names the first column that is gone.
    :raises WarehouseTypeChanged: names the first column that holds another type, and both types.
    """
    for name, wanted in expected.items():
        column = description.find(name)
        if column is None:
            raise WarehouseColumnMissing(f'"{description.name}" has no column "{name}" any more.')
        if column.type != wanted:
            found = column.type.value if column.type is not None else f"{column.native_type}, which rules cannot read"
            raise WarehouseTypeChanged(
                f'"{name}" of "{description.name}" was {wanted.value} and is {found} now; refresh the field catalogue.'
            )


def customer_id_of(value: object) -> uuid.UUID:
    """Read the key of a row.

    :raises WarehouseKeyNull: it is NULL or empty.
    :raises WarehouseMismatch: it is not a customer's public id.
    """
    if value is None or value == "":
        raise WarehouseKeyNull("A row of the features table has no customer_id.")
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(str(value))
    except ValueError as fault:
        raise WarehouseMismatch(f"The customer_id {str(value)[:60]!r} is not a customer's public id.") from fault
