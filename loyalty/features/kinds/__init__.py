"""Where features come from: one module per source, each answering for a list of customers."""
