"""Snowflake. Instants are compared as times in UTC without a zone: a bare one would be read in the session's zone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, Integer, case, cast, func, literal_column, type_coerce
from sqlalchemy import literal as bound

from loyalty.foundation.rules.dialects.bounded import BoundedCompiler
from loyalty.foundation.rules.forms import Sql, Test, naive_utc

# A product keeps at least so many decimals, and more only as far as one of its factors has them.
_PRODUCT_SCALE = 12


class SnowflakeCompiler(BoundedCompiler):
    """What Snowflake says differently."""

    open_numeric = (18, 0)
    # Whole numbers are NUMBER(38, 0) here; one with more digits than these makes a computing statement fail.
    whole_digits = 18

    def order_texts(self, symbol: str, left: Sql, right: Sql) -> Test:
        """Snowflake orders texts by their bytes in UTF-8, which is by code points."""
        return self.order_values(symbol, left, right)

    def position(self, part: Sql, whole: Sql) -> Sql:
        """Where the part begins in the whole; 0 when it is not there."""
        return func.charindex(part, whole, type_=Integer())

    def joined(self, parts: Sequence[Sql]) -> Sql:
        """CONCAT of a NULL would be NULL."""
        empty = bound("", self.text_type)
        return func.concat(*[func.coalesce(part, empty) for part in parts], type_=self.text_type)

    def trimmed(self, text: Sql) -> Sql:
        """The text without the spaces around it."""
        return func.trim(text, bound(" ", self.text_type), type_=self.text_type)

    def instant(self, column: Sql) -> Sql:
        """The time in UTC without a zone."""
        if isinstance(column.type, DateTime) and column.type.timezone:
            return cast(func.convert_timezone(bound("UTC", self.text_type), column), DateTime())
        return column

    def constant_instant(self, moment: datetime) -> Sql:
        """The time in UTC without a zone."""
        return cast(bound(naive_utc(moment), DateTime()), DateTime())

    def day_of(self, moment: Sql) -> Sql:
        """The day of an instant in the zone of the rule."""
        utc, zone = bound("UTC", self.text_type), bound(str(self.frame.zone), self.text_type)
        return cast(func.convert_timezone(utc, zone, moment), Date())

    def days_between(self, first: Sql, last: Sql) -> Sql:
        """Whole days from one day to another."""
        return func.datediff(literal_column("day"), first, last, type_=Integer())

    def times(self, left: Sql, right: Sql) -> Sql:
        """The exact product, where Snowflake keeps all its decimals."""
        scales = [self.digits_of(one)[1] for one in (left, right)]
        if sum(scales) > max(*scales, _PRODUCT_SCALE):
            self.refuse(f"Snowflake keeps {max(*scales, _PRODUCT_SCALE)} of the {sum(scales)} decimals of its product")
        return super().times(left, right)

    def bucket(self, key: Sql, salt: str, count: int) -> Sql:
        """The first 32 bits of the hash as a whole number, modulo the count."""
        mark = func.md5(func.concat(bound(f"{salt}:", self.text_type), key))
        bits = func.to_number(func.left(mark, 8), bound("XXXXXXXX", self.text_type))
        return type_coerce(func.mod(bits, bound(count, BigInteger())), BigInteger())

    def known_items(self, column: Sql, wanted: Any) -> Sql:
        """No form: Snowflake's arrays hold variants."""
        return self.refuse("lists have no form in Snowflake")

    def printed_boolean(self, value: Sql) -> Sql:
        """The words true and false."""
        yes, no = (bound(text, self.text_type) for text in ("true", "false"))
        return case((value, yes), (value.is_not(None), no))
