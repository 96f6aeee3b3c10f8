"""The whole view of one customer, put together from every domain that knows something."""
