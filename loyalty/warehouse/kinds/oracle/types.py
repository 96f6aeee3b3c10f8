"""Oracle's types, by the names of its catalogue and by those of the driver."""

from typing import Any

from sqlalchemy import types

BIGINT_DIGITS = 18
_NAMES: dict[str, types.TypeEngine[Any]] = {
    "VARCHAR2": types.String(),
    "NVARCHAR2": types.String(),
    "CHAR": types.String(),
    "NCHAR": types.String(),
    "CLOB": types.Text(),
    "NCLOB": types.Text(),
    "RAW": types.LargeBinary(),
    "BLOB": types.LargeBinary(),
    "FLOAT": types.Numeric(),
    "BINARY_FLOAT": types.Float(),
    "BINARY_DOUBLE": types.Float(),
    "BOOLEAN": types.Boolean(),
    # A DATE of Oracle has hours, minutes and seconds too.
    "DATE": types.DateTime(),
}


def type_of(name: str, precision: int | None, scale: int | None) -> types.TypeEngine[Any]:
    """Give the type of a column; ``TIMESTAMP(6) WITH TIME ZONE`` and its like carry their precision in the name."""
    plain = name.upper().removeprefix("DB_TYPE_")
    plain = {"VARCHAR": "VARCHAR2", "NVARCHAR": "NVARCHAR2", "TIMESTAMP_TZ": "TIMESTAMP WITH TIME ZONE",
             "TIMESTAMP_LTZ": "TIMESTAMP WITH LOCAL TIME ZONE"}.get(plain, plain)  # fmt: skip
    if plain.startswith("TIMESTAMP"):
        return types.DateTime(timezone="TIME ZONE" in plain)
    if plain == "NUMBER":
        if scale == 0 and precision:
            return types.BigInteger() if precision <= BIGINT_DIGITS else types.Numeric(precision, 0)
        return types.Numeric(precision or None, scale if scale is not None and scale >= 0 else None)
    return _NAMES.get(plain, types.NullType())
