"""The kill harness: a real platform whose processes and database die all the time, and four oracles that look on."""
