"""What `./khaywe` does once .venv stands: servers, processes, console build, demo, tests. It imports no domain."""
