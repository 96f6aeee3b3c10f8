"""Test Connection: tries values before they are saved, in the same time and words for all that is not there.

A person who may test connections could otherwise tell by an answer's time and words which hosts and ports of the inner
network are open. So everything that says no more than "nobody useful answered" is one outcome, told at one time; only
who speaks the service's own protocol is told apart. What can be known without the network (a value that cannot be used,
a port or network that is not allowed) is said at once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from typing import Any

from loyalty.foundation.configuration import queries, registry
from loyalty.foundation.configuration.contracts import SectionSpec, TestReport, TimedReport
from loyalty.foundation.configuration.errors import TestMissing, TestsBusy, ValuesInvalid
from loyalty.foundation.configuration.policy.values import moves, read_values
from loyalty.foundation.kernel.redaction import remember_secret
from loyalty.foundation.resilience import egress

NO_ANSWER = "no_answer"
ADVICE = (
    "Nobody answered as this service does. Look, in this order: that the host is spelled right and known to the name "
    "server here; that its address and port are allowed (section egress); that a firewall lets this machine through; "
    "that the service runs on that port and speaks TLS as configured."
)
TESTS_AT_ONCE = 4


@dataclass(slots=True)
class Pace:
    """How long a test may take; who finds nothing is told after exactly that time. ``pause`` waits."""

    seconds: float = 8.0
    pause: Callable[[float], None] = time.sleep


pace = Pace()


class _Running:
    lock = threading.Lock()
    count = 0
    threads = ThreadPoolExecutor(TESTS_AT_ONCE, thread_name_prefix="configuration-test")


def test(code: str, given: Mapping[str, Any] | None = None) -> TimedReport:
    """Try the connection of a section: as it counts now, with the values given on top, which are not saved.

    A stored secret goes along only where the connection leads to where it was meant for.

    :raises TestMissing: the section has no connection.
    :raises ValuesInvalid: a value cannot be used.
    :raises TestsBusy: as many tests run as may.
    """
    spec = registry.get_section(code)
    if spec.test is None:
        raise TestMissing(f"{spec.title} has no connection that could be tested.")
    values = _candidate(spec, given or {})
    began = time.monotonic()
    report = _in_time(spec.test, values)
    if report.outcome == NO_ANSWER:
        # Word for word the same for all, whatever the domain knows.
        report = no_answer(f"Tried to reach: {spec.title}")
        pace.pause(max(0.0, pace.seconds - (time.monotonic() - began)))
    return TimedReport(report, round((time.monotonic() - began) * 1000))


def _candidate(spec: SectionSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    read, problems = read_values(spec, given)
    now = dict(queries.read(spec.code))
    merged = {**now, **{name: value for name, value in read.items() if value is not None}}
    back = {name for name, value in read.items() if value is None}
    merged |= {one.name: one.default() for one in spec.fields if one.name in back and not one.is_secret}
    if moves(spec, now, merged):
        merged |= {one.name: "" for one in spec.secrets}
    for one in spec.secrets:
        if one.name in read:
            merged[one.name] = read[one.name] or ""
            remember_secret(merged[one.name])
    if not problems and spec.validate is not None:
        problems = list(spec.validate(merged))
    if problems:
        raise ValuesInvalid("Some values cannot be used.", problems=problems)
    return {**merged, **{other: dict(queries.read(other)) for other in spec.beside}}


def _in_time(try_it: Callable[[Mapping[str, Any]], TestReport], values: Mapping[str, Any]) -> TestReport:
    with _Running.lock:
        if _Running.count >= TESTS_AT_ONCE:
            raise TestsBusy("Other tests are running; try again in a moment.", retry_after_s=int(pace.seconds))
        _Running.count += 1
    # The thread has no business with the database, so it is told which calls are allowed.
    policy = egress.current_policy()

    def try_in_thread() -> TestReport:
        with egress.using(policy):
            return try_it(values)

    asked: Future[TestReport] = _Running.threads.submit(try_in_thread)
    # A driver that hangs keeps its place until it gives up by itself.
    asked.add_done_callback(_done)
    try:
        return asked.result(timeout=pace.seconds)
    except NotInTime:
        return no_answer("")


def _done(_asked: "Future[TestReport]") -> None:
    with _Running.lock:
        _Running.count -= 1


def no_answer(tried: str) -> TestReport:
    """Give the one report for all that is not there, whatever the reason."""
    return TestReport(is_successful=False, outcome=NO_ANSWER, tried=tried, advice=ADVICE)
