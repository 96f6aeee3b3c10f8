"""What an administrator may change while the platform runs: typed sections, their versions, and sealed secrets."""
