"""Where people come from: a seed number, or a file."""
