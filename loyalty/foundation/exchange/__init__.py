"""Facts across the border: webhooks out, Kafka both ways, and events of other systems in."""
