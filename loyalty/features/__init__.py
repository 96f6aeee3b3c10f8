"""The feature store: what is known of a customer, where it comes from and how fresh it is."""
