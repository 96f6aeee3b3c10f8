"""How the platform talks to systems that may be slow, down or hostile."""
