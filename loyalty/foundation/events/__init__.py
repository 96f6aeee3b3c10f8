"""Facts that happened: the outbox, the relay, the inbox and the handlers."""
