"""The ways of a mail: a mail server, or the API of a service."""
