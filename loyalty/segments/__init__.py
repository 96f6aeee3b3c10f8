"""Groups of customers: by rules over the warehouse, or by hand."""
