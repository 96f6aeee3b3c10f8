"""Snowflake's types, by the names of its catalogue and by the numbers of a described statement."""

from typing import Any

from sqlalchemy import types

# As many digits as a BIGINT of other databases always holds.
BIGINT_DIGITS = 18
# In the order of the numbers that the driver gives.
NUMBERED = (
    "NUMBER", "FLOAT", "TEXT", "DATE", "TIMESTAMP_NTZ", "VARIANT", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIMESTAMP_NTZ",
    "OBJECT", "ARRAY", "BINARY", "TIME", "BOOLEAN",
)  # fmt: skip
_NAMES: dict[str, types.TypeEngine[Any]] = {
    "FLOAT": types.Double(),
    "TEXT": types.Text(),
    "DATE": types.Date(),
    "TIMESTAMP_NTZ": types.DateTime(),
    "TIMESTAMP_LTZ": types.DateTime(timezone=True),
    "TIMESTAMP_TZ": types.DateTime(timezone=True),
    "BINARY": types.LargeBinary(),
    "BOOLEAN": types.Boolean(),
}


def type_of(name: str, precision: int | None, scale: int | None) -> types.TypeEngine[Any]:
    """Give the type of a column; a NUMBER without decimals is an integer."""
    if name == "NUMBER":
        if not scale:
            return types.BigInteger() if (precision or 38) <= BIGINT_DIGITS else types.Numeric(precision or 38, 0)
        return types.Numeric(precision or 38, scale)
    return _NAMES.get(name, types.NullType())
