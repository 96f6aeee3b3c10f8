"""Tells whether the configured warehouse can be read, and whether its role can do nothing else."""

import dataclasses
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.warehouse import api

MARKS = {api.Severity.REFUSED: "REFUSED", api.Severity.WARNING: "warning", api.Severity.INFO: "info"}


class Command(BaseCommand):
    """Examine the warehouse; exit code 1 when its role is no cage, 2 when it cannot be read."""

    help = "Check the warehouse's connection, its role's rights, the features table and its keys; tell every repair."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true", help="give the whole report as JSON")
        parser.add_argument("--keys", action="store_true", help="also look for rows without or with a double customer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine and tell.

        :raises CommandError: exit code 1, the role may do more than read, a superuser above all; 2, it cannot be read.
        """
        report = api.test_connection()
        customers = self._count_keys(report) if options["keys"] else None
        if options["json"]:
            self.stdout.write(json.dumps({**dataclasses.asdict(report), "customers": customers}, ensure_ascii=False))
        else:
            self._tell(report, customers)
        if not report.is_reachable:
            raise CommandError(f"The warehouse cannot be read: {report.problem}", returncode=2)
        if not report.is_caged:
            who = "is a superuser" if report.is_superuser else "may do more than read"
            raise CommandError(
                f"{report.user or 'The role'} {who}; give the warehouse's address a role that may only SELECT.",
                returncode=1,
            )
        if report.problem_code:
            raise CommandError(report.problem, returncode=2)

    @staticmethod
    def _count_keys(report: api.ConnectionReport) -> int | None:
        if not report.is_reachable or report.problem_code:
            return None
        try:
            return api.check_keys(api.connector(), api.features_table_name())
        except api.WarehouseUnavailable as refusal:
            raise CommandError(refusal.detail, returncode=2) from refusal

    def _tell(self, report: api.ConnectionReport, customers: int | None) -> None:
        if not report.is_reachable:
            return
        say = self.stdout.write
        say(f"{report.kind}: {report.server_version}, {report.latency_ms} ms, breaker {report.breaker_state}")
        say(f"role {report.user or '(none)'}: {'reads only' if report.is_caged else 'NO CAGE'}")
        for finding in report.findings:
            say(f"  {MARKS[finding.severity]:8} {finding.code}: {finding.detail}")
            if finding.repair:
                say(f"  {'':8} repair: {finding.repair}")
        say(f"tables: {', '.join(one.name for one in report.tables) or 'none'}")
        if not report.problem_code:
            say(f"{report.table}: {len(report.columns)} columns, about {report.rows_estimate:,} rows")
        if customers is not None:
            say(f"{customers:,} customers, each in one row")
