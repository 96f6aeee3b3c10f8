"""The Khaywe Loyalty Platform: one folder per domain, on ordered floors."""
