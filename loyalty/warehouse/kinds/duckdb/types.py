"""DuckDB's types by their names, such as ``DECIMAL(12,2)`` or ``VARCHAR[]``."""

import re
from typing import Any

from sqlalchemy import types
from sqlalchemy.dialects.postgresql import ARRAY

_NAMES: dict[str, types.TypeEngine[Any]] = {
    "BOOLEAN": types.Boolean(),
    "TINYINT": types.SmallInteger(),
    "SMALLINT": types.SmallInteger(),
    "INTEGER": types.Integer(),
    "BIGINT": types.BigInteger(),
    "HUGEINT": types.Numeric(38, 0),
    "UTINYINT": types.SmallInteger(),
    "USMALLINT": types.Integer(),
    "UINTEGER": types.BigInteger(),
    "UBIGINT": types.Numeric(20, 0),
    "UHUGEINT": types.Numeric(38, 0),
    "FLOAT": types.Float(24),
    "DOUBLE": types.Double(),
    "VARCHAR": types.Text(),
    "UUID": types.Uuid(),
    "DATE": types.Date(),
    "TIMESTAMP": types.DateTime(),
    "TIMESTAMP_S": types.DateTime(),
    "TIMESTAMP_MS": types.DateTime(),
    "TIMESTAMP_NS": types.DateTime(),
    "TIMESTAMP WITH TIME ZONE": types.DateTime(timezone=True),
    "BLOB": types.LargeBinary(),
    "JSON": types.JSON(),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def type_of(name: str) -> types.TypeEngine[Any]:
    """Give the type of a name; what nobody reads here is a type of its own without a name."""
    if name.endswith("[]"):
        return ARRAY(type_of(name[:-2]))
    if match := _DECIMAL.fullmatch(name):
        return types.Numeric(int(match[1]), int(match[2]))
    if name.startswith("ENUM("):
        return types.Text()
    return _NAMES.get(name, types.NullType())
