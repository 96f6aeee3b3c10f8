"""The connector of PostgreSQL."""

from loyalty.warehouse.kinds.registry import Kind, opener

KIND = Kind("postgresql", "DWH_POSTGRESQL_URL", opener(f"{__name__}.connector", "PostgresqlConnector"))
