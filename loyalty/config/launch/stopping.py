"""`./khaywe stop`: end the launcher of a data folder, or what is left of a killed one."""

import os
import signal
import time

from loyalty.config.launch.folder import DataFolder
from loyalty.config.launch.processes import launcher_of, stop_leftovers
from loyalty.config.launch.refusal import StepFailed

_PATIENCE_S = 60.0
_POLL_S = 0.1


def stop(folder: DataFolder) -> int:
    """Stop what runs in this folder, and wait until it is free."""
    if not folder.root.is_dir():
        print(f"There is no {folder.root}; nothing to stop.")
        return 0
    if not folder.is_held():
        with folder.held():
            left = stop_leftovers(folder)
        print(f"Stopped {left} processes left in {folder.root}." if left else f"Nothing runs in {folder.root}.")
        return 0
    launcher = launcher_of(folder)
    if launcher is None:
        raise StepFailed(f"{folder.root} is held by a khaywe that has not started anything yet; try again in a moment.")
    os.kill(launcher, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    while folder.is_held():
        if time.monotonic() > deadline:
            raise StepFailed(f"The khaywe of {folder.root} (process {launcher}) did not stop in {_PATIENCE_S:.0f} s.")
        time.sleep(_POLL_S)
    print(f"Stopped the khaywe of {folder.root}.")
    return 0
