"""Where the public customers file lies; tests of it skip on a machine without it."""

from pathlib import Path

import pytest

TELCO = Path(__file__).resolve().parents[3] / "shared" / "data" / "telco_customers.csv"
needs_telco = pytest.mark.skipif(not TELCO.exists(), reason="../shared/data/telco_customers.csv is not there")
