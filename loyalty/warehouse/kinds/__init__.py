"""Connectors, one folder per kind of warehouse; ``registry`` finds them, ``base`` holds what they have in common."""
