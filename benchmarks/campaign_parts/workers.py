"""Worker processes: each places slices of one occurrence, or hands mails over, until there is nothing left."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks.campaign_parts.clocks import ProcessorTime, peak_memory_mb
from benchmarks.harness import begin_worker


@dataclass(frozen=True)
class Share:
    """What one worker did: how many units, in how much processor time with its server process, and its memory."""

    done: int
    cpu_s: float
    memory_mb: float


@dataclass(frozen=True)
class Together:
    """What some workers did side by side, by the wall and by the processor."""

    wall_s: float
    shares: tuple[Share, ...]

    @property
    def cpu_s(self) -> float:
        """All of it, clients and server."""
        return sum(one.cpu_s for one in self.shares)

    @property
    def memory_mb(self) -> float:
        """The largest worker's."""
        return max(one.memory_mb for one in self.shares)


class Crew:
    """So many worker processes with a connection each, begun before anything is measured."""

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self._pool = pool
        self.workers = workers
        wait([pool.submit(_connect, workers) for _ in range(workers)])

    def run(self, act: Callable[..., Share], *arguments: object) -> Together:
        """Have every worker do the same until it finds nothing any more."""
        started = time.perf_counter()
        futures = [self._pool.submit(act, *arguments) for _ in range(self.workers)]
        shares = tuple(one.result() for one in futures)
        return Together(time.perf_counter() - started, shares)


@contextmanager
def crew(database_url: str, workers: int) -> Iterator[Crew]:
    """Begin worker processes on a database."""
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=begin_worker, initargs=(database_url,)
    ) as pool:
        yield Crew(pool, workers)


def _connect(workers: int) -> None:
    ProcessorTime()
    # Long enough that no worker takes two of these.
    time.sleep(0.2 * (workers > 1))


def place_slices(occurrence_id: int) -> Share:
    """Place slices of an occurrence as a worker's run and its helpers do; ``done`` are slices."""
    from loyalty.campaigns.models import Occurrence  # noqa: PLC0415 - Django is set up by then
    from loyalty.campaigns.operations import fan_out  # noqa: PLC0415 - Django is set up by then

    occurrence = Occurrence.objects.select_related("campaign").get(pk=occurrence_id)
    clock, slices = ProcessorTime(), 0
    while fan_out.place_next(occurrence, now=occurrence.triggered_at) is not None:
        slices += 1
    return Share(slices, clock.seconds(), peak_memory_mb())


def send_mails(host: str, port: int) -> Share:
    """Send what is due by mail, as the task does when its bell is rung; ``done`` are mails."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up by then

    from loyalty.delivery.tasks import send_channel  # noqa: PLC0415 - Django is set up by then

    settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
    clock, sent = ProcessorTime(), 0
    while (done := send_channel("email"))[1] or done[0]:
        sent += done[0]
    return Share(sent, clock.seconds(), peak_memory_mb())
