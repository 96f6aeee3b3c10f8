"""``trigger_campaigns``: triggers what is due, or the campaigns that are named."""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.campaigns import api
from loyalty.campaigns.contracts import MANUAL
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal


class Command(BaseCommand):
    """Trigger campaigns."""

    help = "Trigger every campaign whose schedule or threshold is due; with --campaign the named ones, by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which campaigns and which occurrence."""
        parser.add_argument("--campaign", action="append", type=uuid.UUID, default=[], help="id; may be repeated")
        parser.add_argument("--occurrence", help="name of the occurrence; the same name sends nothing again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Trigger."""
        now = clock.now()
        if not options["campaign"]:
            report = api.fire_due(now=now)
            self.stdout.write(f"{report.fired} campaigns triggered, {report.refused} refused")
            return
        for campaign_id in options["campaign"]:
            try:
                outcome = api.trigger(
                    campaign_id=campaign_id,
                    occurrence=options["occurrence"],
                    cause=api.Cause(MANUAL),
                    actor=system_actor("trigger_campaigns"),
                    now=now,
                )
            except Refusal as refusal:
                raise CommandError(f"{campaign_id}: {refusal.detail}") from refusal
            answer = outcome.answer
            word = "triggered" if outcome.is_new else "was triggered before"
            left_out = sum(answer["excluded"].values())
            self.stdout.write(f"{campaign_id} {word}: {answer['audience']} to send, {left_out} left out")
