"""The connector of Oracle; its driver is the extra ``oracle`` and needs no client libraries."""

from loyalty.warehouse.kinds.registry import Kind, opener

KIND = Kind("oracle", "DWH_ORACLE_URL", opener(f"{__name__}.connector", "OracleConnector"), "oracle")
