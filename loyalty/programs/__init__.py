"""Programs: what a loyalty program promises, in versions, and who is a member of it in which tier."""
