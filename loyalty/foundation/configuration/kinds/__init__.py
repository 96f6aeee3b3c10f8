"""Where the master key is kept: one file for each kind of place."""
