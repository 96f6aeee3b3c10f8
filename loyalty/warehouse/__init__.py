"""The data warehouse: connectors that only read, and the synthetic warehouse of demo and tests."""
