"""Push messages: to every device of a customer, by the service of each."""
