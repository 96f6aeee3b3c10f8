"""The connector of Snowflake; its driver is the extra ``snowflake``."""

from loyalty.warehouse.kinds.registry import Kind, opener

KIND = Kind("snowflake", "DWH_SNOWFLAKE_URL", opener(f"{__name__}.connector", "SnowflakeConnector"), "snowflake")
