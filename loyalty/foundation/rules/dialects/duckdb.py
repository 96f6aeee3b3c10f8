"""DuckDB, over its own tables or over Parquet files."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Integer, cast, exists, func, literal_column, select, type_coerce
from sqlalchemy import literal as bound
from sqlalchemy.types import ARRAY

from loyalty.foundation.rules.dialects.bounded import BoundedCompiler
from loyalty.foundation.rules.forms import Sql, Test
from loyalty.foundation.rules.tree import Node

_DIGITS_OF_64_BITS = 18


class DuckDBCompiler(BoundedCompiler):
    """DuckDB speaks PostgreSQL's language but for decimals, lists and hashes."""

    # What DuckDB makes of DECIMAL without digits.
    open_numeric = (15, 3)

    def order_texts(self, symbol: str, left: Sql, right: Sql) -> Test:
        """DuckDB orders texts by their bytes in UTF-8, which is by code points."""
        return self.order_values(symbol, left, right)

    def trimmed(self, text: Sql) -> Sql:
        """The text without the spaces around it."""
        return func.trim(text, bound(" ", self.text_type), type_=self.text_type)

    def known_items(self, column: Sql, wanted: Any) -> Sql:
        """A list without its nulls."""
        return func.list_filter(column, literal_column("lambda item: item IS NOT NULL"), type_=wanted)

    def items_of(self, node: Node) -> Sql:
        """The list as it is: counting and looking for items both pass over its nulls."""
        if node.operator != "var" or node.args:
            return self.value(node)
        _, column = self.raw_column(node)
        return column if isinstance(column.type, ARRAY) else self.value(node)

    def items_count(self, items: Sql) -> Sql:
        """How many items a list has that are not null; NULL for NULL."""
        return func.list_count(items, type_=Integer())

    def is_item(self, needle: Sql, items: Sql) -> Test:
        """Whether a value that is not NULL is among the items."""
        return func.list_contains(items, needle)

    def some_item(self, items: Sql, name: str, test: Callable[[Sql], Test]) -> Test:
        """Whether a test is true for an item; the column is named apart, as the table's name would be a whole row."""
        element = func.unnest(items).table_valued("item").render_derived(name=name).c.item
        return exists(select(1).where(element.is_not(None), test(element)))

    def times(self, left: Sql, right: Sql) -> Sql:
        """Decimals of at most 18 digits are multiplied in 64 bits, whatever the product needs; one of 19 is not."""
        (whole, scale), (other_whole, other_scale) = self.digits_of(left), self.digits_of(right)
        needed = whole + scale + other_whole + other_scale
        if needed > _DIGITS_OF_64_BITS and max(whole + scale, other_whole + other_scale) <= _DIGITS_OF_64_BITS:
            product = super().times(left, right)
            wide = cast(left, self.numeric(_DIGITS_OF_64_BITS + 1 - scale, scale))
            return type_coerce(wide * right, product.type)
        return super().times(left, right)

    def bucket(self, key: Sql, salt: str, count: int) -> Sql:
        """The first 32 bits of the hash as a whole number, modulo the count."""
        mark = func.md5(func.concat(bound(f"{salt}:", self.text_type), key))
        bits = func.concat(bound("0x", self.text_type), func.left(mark, 8))
        return type_coerce(func.mod(cast(bits, BigInteger()), bound(count, BigInteger())), BigInteger())
