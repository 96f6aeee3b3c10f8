"""How the tests are shared among the processes of one run: file by file, the long ones first, and none left out."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Files that share what is built once for a folder; here the running platform of the bank (tests/stories/conftest.py).
# The mark `xdist_group` would say it beside the tests, but xdist 3.8 writes it where pytest 9.2 no longer reads.
TOGETHER = ("tests/stories/test_bank_",)
# What takes longest of all.
FIRST = (
    "tests/gateways/test_openapi_fuzz.py", "tests/stories/test_main_job.py", "tests/stories/test_kill_harness.py",
    "tests/security/test_access_matrix_fields.py", "tests/security/test_access_matrix.py", "tests/stories/test_bank_",
)  # fmt: skip


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
    """Order the tests: the longest files, then files with a slow test, then the others, each as they were.

    A long file that begins last is waited for by processes with nothing left to do.
    """
    held = list(items)
    slow = {item.path for item in held if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> int:
        scope = scope_of(item.nodeid)
        return FIRST.index(scope) if scope in FIRST else len(FIRST) + (item.path not in slow)

    return sorted(held, key=place)


def by_chance(items: Iterable[pytest.Item], seed: str) -> list[pytest.Item]:
    """Order the tests as the seed has it: what goes to one process stays together, its files and their tests are mixed.

    No test may live by what one before it left behind; another order every now and then finds those that do.
    """
    chance = random.Random(seed)
    held = list(items)
    chance.shuffle(held)
    scopes = {scope: number for number, scope in enumerate(dict.fromkeys(scope_of(item.nodeid) for item in held))}
    files = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in held))}
    return sorted(held, key=lambda item: (scopes[scope_of(item.nodeid)], files[item.path]))


class Whole:
    """Fails a run that ended well although a test that was collected did not run.

    A scheduler keeps the tests of a file by their ids, so of several with one id it runs a single one, in silence.
    """

    def __init__(self) -> None:
        self._wanted: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()

    @property
    def left_out(self) -> list[str]:
        """The ids of the tests that did not run, each as often as it was left out."""
        return sorted((self._wanted - self._ended).elements())

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """Every process collects the same tests."""
        self._wanted = Counter(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """A run in one process."""
        if not session.config.option.collectonly:
            self._wanted = Counter(item.nodeid for item in session.items)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Once for each test, in whichever process it ran."""
        self._ended[nodeid] += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The reports of the run are written with this outcome."""
        if exitstatus == pytest.ExitCode.OK and self.left_out:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        """Say which, for a run that went to its end."""
        if self.left_out and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            terminalreporter.section(f"{len(self.left_out)} collected tests did not run", red=True)
            for nodeid in self.left_out:
                terminalreporter.line(nodeid)
