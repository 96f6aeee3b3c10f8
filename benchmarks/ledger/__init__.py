"""The ledger beside pgbench simple-update, a naive ORM and django-hordak, interleaved on one server.

The clock on the wall says little on a machine that others use too, so each ratio of rates stands beside one of
processor time (the server's own, from the kernel's accounts): that is the figure to quote from a shared machine.
"""

from benchmarks.harness import Bench
from benchmarks.ledger import over_http, peers, postings, sweeps
from benchmarks.ledger.scene import fill, tidy_up


def run(bench: Bench) -> None:
    """Fill the tables, then compare."""
    fill(bench)
    for part in (postings, sweeps, peers, over_http):
        part.run(bench)
        tidy_up(bench)
    postings.tell_hot_updates(bench)
