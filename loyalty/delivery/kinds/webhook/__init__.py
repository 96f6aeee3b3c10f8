"""Messages that a system of the operator's carries on."""
