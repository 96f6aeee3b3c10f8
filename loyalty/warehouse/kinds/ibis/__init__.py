"""The connector of engines that ibis reaches, such as Trino, Spark and BigQuery; ibis is the extra ``ibis``."""

from loyalty.warehouse.kinds.registry import Kind, opener

KIND = Kind("ibis", "DWH_IBIS_URL", opener(f"{__name__}.connector", "IbisConnector"), "ibis")
