"""How the tests are shared among the processes of one run: file by file, the long ones first."""

from collections.abc import Iterable

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling


class ByFile(LoadGroupScheduling):
    """Gives a whole file to one process, and all files of one ``xdist_group`` to the same one.

    What a file or a group builds once (a world, a running platform) is then built once in the run, not once in every
    process.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        # The order is ours: a file of two tests may be the longest of all.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.split("::", maxsplit=1)[0]


def long_ones_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Order the tests: groups that share a platform, then files with a slow test, then the others, else as they were.

    A long file that begins last is waited for by processes with nothing left to do.
    """
    held = list(items)
    grouped = {item.path for item in held if item.get_closest_marker("xdist_group")}
    slow = {item.path for item in held if item.get_closest_marker("slow")}
    return sorted(held, key=lambda item: (item.path not in grouped, item.path not in slow))
