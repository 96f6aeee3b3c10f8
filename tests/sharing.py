"""How the tests are shared among the processes of one run: file by file, the long ones first."""

from collections.abc import Iterable

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Files that share what is built once for a folder; here the running platform of the bank (tests/stories/conftest.py).
# The mark `xdist_group` would say it beside the tests, but xdist 3.8 writes it where pytest 9.2 no longer reads.
TOGETHER = ("tests/stories/test_bank_",)


class ByFile(LoadScopeScheduling):
    """Gives a whole file to one process, and the files of one line of ``TOGETHER`` to the same one.

    What they build once (a world, a running platform) is then built once in the run, not once in every process.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        # The order is ours: a file of two tests may be the longest of all.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Tell what goes to one process: the file of a test, or what its file shares with others."""
    file = nodeid.split("::", maxsplit=1)[0]
    return next((begin for begin in TOGETHER if file.startswith(begin)), file)


def long_ones_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Order the tests: files with a slow test before the others, else as they were.

    A long file that begins last is waited for by processes with nothing left to do.
    """
    held = list(items)
    slow = {item.path for item in held if item.get_closest_marker("slow")}
    return sorted(held, key=lambda item: item.path not in slow)
