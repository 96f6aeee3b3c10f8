"""A transfer of ours beside django-hordak's and a naive ORM's: processor time of client and server together.

What each does: ours - idempotency key, two balances, lots that keep their dates, entries, event, proofs;
django-hordak - transaction, two legs, a trigger that balances them; naive ORM - key, two balances, entries, event, one
object at a time.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection

from benchmarks import peers
from benchmarks.harness import BackendClock, Bench, own_database
from benchmarks.ledger.scene import CAP_POINTS_MAX, account_ref, earn_lines, own_session, spread
from benchmarks.naive import ledger as naive
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api

TRANSFERS = 200
MEMBERS = spread(7, 1000, stride=83)
LOTS = 5
POINTS = 7


def run(bench: Bench) -> None:
    """Measure."""
    began = datetime.now(UTC) - timedelta(days=2)
    for number in range(LOTS):
        earn_lines(MEMBERS, began + timedelta(minutes=number))
    naive.give_points([account_ref(n) for n in MEMBERS], 1000)
    clock, chance = BackendClock(own_session()), random.Random(1)

    def measured(act: Callable[[], object]) -> float:
        before = time.process_time() + clock.seconds()
        for _ in range(TRANSFERS):
            act()
        return (time.process_time() + clock.seconds() - before) / TRANSFERS

    measures: dict[str, Callable[[], float]] = {
        "ours": lambda: measured(lambda: _transfer(chance)),
        "naive": lambda: measured(lambda: _transfer_naively(chance)),
        "naive earn": lambda: measured(lambda: _earn_naively(chance)),
        "our earn": lambda: measured(lambda: _earn(chance)),
    }
    place = peers.install()
    if place is None:
        _tell(bench, bench.interleave(measures))
        return
    with own_database(bench.database_url) as other, peers.hordak(place, other) as hordak:
        hordak.seconds_per_transfer(20)
        measures["hordak"] = lambda: hordak.seconds_per_transfer(TRANSFERS)
        _tell(bench, bench.interleave(measures))
    connection.close()


def _tell(bench: Bench, figures: dict[str, list[float]]) -> None:
    bench.tell(
        "naive ORM / earn through ledger.api, processor time",
        figures["naive earn"],
        figures["our earn"],
        floor=3.0,
        goal=10.0,
    )
    bench.tell("naive ORM / transfer through ledger.api, processor time", figures["naive"], figures["ours"])
    if "hordak" in figures:
        bench.tell("django-hordak / transfer through ledger.api, processor time", figures["hordak"], figures["ours"])
    for name, costs in figures.items():
        print(f"  {name}: {sorted(costs)[len(costs) // 2] * 1e6:,.0f} microseconds of processor time", flush=True)


def _pair(chance: random.Random) -> list[int]:
    return chance.sample(MEMBERS, 2)


def _transfer(chance: random.Random) -> None:
    one, other = _pair(chance)
    now = datetime.now(UTC)
    api.transfer(
        api.TransferPosting(
            account_id=account_ref(one),
            to_account_id=account_ref(other),
            points_amount=POINTS,
            idempotency_scope="bench",
            idempotency_key=str(new_public_id()),
            occurred_at=now,
        ),
        now=now,
    )


def _transfer_naively(chance: random.Random) -> None:
    one, other = _pair(chance)
    naive.transfer(account_ref(one), account_ref(other), POINTS, str(new_public_id()), datetime.now(UTC))


def _earn(chance: random.Random) -> None:
    now = datetime.now(UTC)
    api.earn(
        api.EarnPosting(
            account_id=account_ref(_pair(chance)[0]),
            points_amount=10,
            idempotency_scope="bench",
            idempotency_key=str(new_public_id()),
            occurred_at=now,
            expires_at=now + timedelta(days=365),
            caps=(api.CapLine(cap_ref="daily", window_start=now.date(), units_max=CAP_POINTS_MAX),),
            context={"a": 1},
        ),
        now=now,
    )


def _earn_naively(chance: random.Random) -> None:
    now = datetime.now(UTC)
    naive.earn(account_ref(_pair(chance)[0]), 10, str(new_public_id()), CAP_POINTS_MAX, now.date(), now)
