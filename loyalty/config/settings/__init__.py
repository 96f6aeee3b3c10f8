"""Django settings: base, and the two places where it differs."""
