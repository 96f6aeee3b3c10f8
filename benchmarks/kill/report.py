"""The report of the harness, for people: every figure with what it needs to be believed."""

import os
import platform
import subprocess
from collections.abc import Sequence

from benchmarks.kill.contracts import FAULT_POINT, Tally
from benchmarks.kill.run import Outcome, list_points
from loyalty.config.launch.programs import ROOT


def heading(seed: int) -> str:
    """Say what was run where."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"kill harness: seed {seed}, commit {commit.stdout.strip() or 'unknown'}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} processors, load average {load}"
    )


def tell(outcome: Outcome) -> str:
    """Tell one run."""
    tally = outcome.tally
    title = f"fault {outcome.wish.fault}" if outcome.wish.fault else "the platform as it is"
    lines = [
        f"{title}: {outcome.seconds:.1f} s, {tally.rounds} rounds, {tally.storm_s:.1f} s of storm",
        f"  killed with -9: {tally.kills} processes ({_pairs(tally.killed)}); database stopped {tally.database_stops} "
        f"times, {tally.backends_terminated} backends ended",
        *_points(tally),
        f"  keys: {_pairs(tally.keys)}; answers compared again {tally.replays}",
        f"  answers by status: {_pairs(tally.statuses)}",
        f"  events: {tally.events_delivered} delivered, {tally.deliveries_repeated} of them more than once (lawful), "
        f"{tally.out_of_order} out of the account's order",
        f"  SQL: {tally.invariants} invariants checked; queues empty after "
        f"{max(tally.drained_s, default=0):.1f} s at the longest",
    ]
    if outcome.findings:
        lines += [f"  FOUND by {finding}" for finding in outcome.findings]
    else:
        lines.append("  lost 0, doubled 0, changed answers 0, missing events 0, invented events 0, broken invariants 0")
    return "\n".join(lines)


def _points(tally: Tally) -> list[str]:
    named = list_points()
    hit = [name for name in named if name in tally.points]
    missed = [name for name in named if name not in tally.points]
    inside = sum(tally.sql_points.values())
    lines = [
        f"  failpoints hit {len(hit)} of {len(named)}, {sum(tally.points.get(name, 0) for name in hit)} deaths there"
    ]
    if FAULT_POINT in tally.points:
        lines[0] += f"; {tally.points[FAULT_POINT]} between the fault's two commits"
    if missed:
        lines.append(f"    not hit: {', '.join(missed)}")
    lines.append(f"  inside SQL {len(tally.sql_points)} places, {inside} deaths: {_pairs(tally.sql_points)}")
    return lines


def table(outcomes: Sequence[Outcome]) -> str:
    """Tell for each planted fault which oracle caught it and when."""
    lines = ["", f"{'fault':<24} {'caught after':>12}  by"]
    for outcome in outcomes:
        if not outcome.wish.fault:
            verdict = "clean" if not outcome.findings else "NOT CLEAN"
            lines.append(f"{'(none)':<24} {'':>12}  {verdict}")
            continue
        if outcome.caught_after_s is None:
            lines.append(f"{outcome.wish.fault:<24} {'':>12}  NOT CAUGHT in {outcome.seconds:.0f} s")
            continue
        by: dict[str, int] = {}
        for finding in outcome.findings:
            by[finding.oracle] = by.get(finding.oracle, 0) + finding.number
        lines.append(f"{outcome.wish.fault:<24} {outcome.caught_after_s:>10.1f} s  {_pairs(by)}")
    return "\n".join(lines)


def _pairs(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items()) or "none"
