"""The connector of DuckDB: a database file, or Parquet files."""

from loyalty.warehouse.kinds.registry import Kind, opener

KIND = Kind("duckdb", "DWH_DUCKDB_PATH", opener(f"{__name__}.connector", "DuckdbConnector"))
