"""What `./khaywe` does once .venv stands: servers, processes, console build, demo, tests. An edge; imports no domain."""
