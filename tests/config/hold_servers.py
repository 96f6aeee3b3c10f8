"""Run as a program: hold a data folder with its two servers until told to stop, as `./khaywe up` does."""

import sys
from contextlib import suppress
from pathlib import Path

from loyalty.config.launch.folder import DataFolder, write_private_json
from loyalty.config.launch.installation import opened
from loyalty.config.launch.refusal import StopRequested


def main() -> None:
    """Serve until a signal comes."""
    folder = DataFolder(Path(sys.argv[1]))
    with opened(folder) as installation, suppress(StopRequested):
        write_private_json(folder.environment_file, installation.environment)
        print("up", flush=True)
        installation.supervisor.watch()


if __name__ == "__main__":
    main()
