"""Creates and fills the four tables of a warehouse for demo and tests."""

import sys
import time
from argparse import ArgumentParser
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.population import api as population
from loyalty.warehouse import api

SEED_DEFAULT = 20261120
CUSTOMERS_DEFAULT = 10_000
CUSTOMERS_MAX = 10_000_000
PROBLEMS_SHOWN = 50


class Command(BaseCommand):
    """Fill the warehouse and write down which people it is about."""

    help = "Create the four warehouse tables and fill them with two years of history, the same for the same seed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of the population, or the file that describes it."""
        parser.add_argument("--customers", type=int, default=CUSTOMERS_DEFAULT, help="how many synthetic customers")
        parser.add_argument("--seed", type=int, default=SEED_DEFAULT, help="the same seed gives the same warehouse")
        parser.add_argument("--as-of", type=date.fromisoformat, default=None, help="the day the history ends (today)")
        parser.add_argument("--customers-file", default="", help="a CSV of real customers; all its columns are kept")
        parser.add_argument("--id-column", default="", help="the file's column that names a customer")
        parser.add_argument("--from-customers", action="store_true", help="fill for the customers the platform knows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill, and tell what was written and how long it took."""
        if not settings.DWH_ADMIN_URL:
            raise CommandError("DWH_ADMIN_URL is not set; it is the address of the warehouse's owner.", returncode=2)
        description = self._describe(options)
        began = time.monotonic()
        try:
            people = self._people(description, is_from_customers=options["from_customers"])
            report = api.fill(
                people,
                seed=description.seed,
                as_of=description.as_of,
                admin_url=settings.DWH_ADMIN_URL,
                reader=unquote(urlsplit(settings.DWH_POSTGRESQL_URL).username or ""),
                say=lambda sentence: self.stdout.write(f"  {sentence}"),
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail, returncode=2) from refusal
        if not options["from_customers"]:
            population.save_description(description, settings.DATA_DIR)
        for problem in report.problems[:PROBLEMS_SHOWN]:
            self.stderr.write(f"line {problem.line}: {problem.reason}")
        if len(report.problems) > PROBLEMS_SHOWN:
            self.stderr.write(f"… and {len(report.problems) - PROBLEMS_SHOWN} more rows left out")
        rows = ", ".join(f"{name} {count:,}" for name, count in report.rows.items())
        left_out = f", {len(report.problems):,} rows left out" if report.problems else ""
        self.stdout.write(f"  {report.customers:,} customers, {report.columns} columns{left_out}; rows: {rows}")
        self.stdout.write(f"  filled in {time.monotonic() - began:.1f} s")
        sys.stdout.flush()

    @staticmethod
    def _people(description: population.PopulationDescription, *, is_from_customers: bool) -> population.Population:
        """Give the people; the platform's own are read through the contract view of customers."""
        if not is_from_customers:
            return population.open_population(description)
        rows = sql.fetch_all("SELECT customer_ref FROM customers_directory ORDER BY customer_id")
        if not rows:
            raise CommandError("The platform knows no customers; import them first.", returncode=2)
        return population.people_of([row["customer_ref"] for row in rows], description)

    @staticmethod
    def _describe(options: dict[str, Any]) -> population.PopulationDescription:
        as_of = options["as_of"] or clock.now().date()
        if options["customers_file"]:
            if options["from_customers"]:
                raise CommandError("--customers-file and --from-customers exclude each other.", returncode=2)
            if not options["id_column"]:
                raise CommandError("--customers-file needs --id-column: which column names a customer.", returncode=2)
            return population.PopulationDescription(
                as_of=as_of,
                seed=options["seed"],
                customers_file=options["customers_file"],
                id_column=options["id_column"],
            )
        if not 1 <= options["customers"] <= CUSTOMERS_MAX:
            raise CommandError(f"--customers is a number from 1 to {CUSTOMERS_MAX:,}.", returncode=2)
        return population.PopulationDescription(as_of=as_of, seed=options["seed"], customers=options["customers"])
