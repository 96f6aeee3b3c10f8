"""Writes of delivery: filling the queue, sending, what customers do with a message."""
