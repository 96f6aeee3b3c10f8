"""Which compiler writes for which database, by the name that SQLAlchemy gives its dialect."""

from collections.abc import Mapping
from types import MappingProxyType

from loyalty.foundation.rules.compiling import Compiler
from loyalty.foundation.rules.dialects.duckdb import DuckDBCompiler
from loyalty.foundation.rules.dialects.oracle import OracleCompiler
from loyalty.foundation.rules.dialects.snowflake import SnowflakeCompiler
from loyalty.foundation.rules.errors import RuleNotCompilable

_COMPILERS: Mapping[str, type[Compiler]] = MappingProxyType(
    {
        "postgresql": Compiler,
        "duckdb": DuckDBCompiler,
        "oracle": OracleCompiler,
        "snowflake": SnowflakeCompiler,
    }
)


def compiler_class(dialect_name: str) -> type[Compiler]:
    """The compiler of a database.

    :raises RuleNotCompilable: rules are not written for such a database.
    """
    found = _COMPILERS.get(dialect_name)
    if found is None:
        known = ", ".join(_COMPILERS)
        raise RuleNotCompilable(f'There is no dialect "{dialect_name[:40]}"; there are {known}.')
    return found


def dialect_names() -> tuple[str, ...]:
    """The databases that rules are written for."""
    return tuple(_COMPILERS)
