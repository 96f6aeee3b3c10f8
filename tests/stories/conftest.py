"""What the stories over HTTP share: one platform without demo data, for all of them, and not longer than they take.

An idle platform costs a tenth of a processor, and a process of a run goes on with other tests for a quarter of an hour.
"""

from collections.abc import Iterator

import pytest

from tests.stories.bank import Bank
from tests.stories.running import platform


@pytest.fixture(scope="package")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A client of a platform of its own, whose book is proved when all is over."""
    place = tmp_path_factory.mktemp("bank")
    with platform(place / "data", place / "console", command="up") as running:
        opened = Bank.of(running)
        yield opened
        opened.totals()
        opened.http.close()
