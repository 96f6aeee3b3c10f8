"""Transfers of django-hordak in a process of their own: ``python -m benchmarks.peers.hordak_process``.

A line with a number has it do so many transfers between two accounts drawn from a thousand; it answers with the
processor time of itself and of its server process. What a transfer does: a transaction, two legs, balanced by a
trigger, with running balances; no idempotency, no lots, no events.
"""

import os
import random
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command

ACCOUNTS = 1000


def main() -> None:
    """Make the tables and the accounts, then serve."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": parts.path.strip("/"), "USER": parts.username,
                "PASSWORD": parts.password, "HOST": parts.hostname, "PORT": parts.port,
            }
        },
        USE_TZ=True, DEFAULT_CURRENCY="USD", CURRENCIES=("USD",), SECRET_KEY="bench-only",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )  # fmt: skip
    django.setup()
    # They exist only now.
    from django.db import connection, transaction  # noqa: PLC0415
    from hordak.models import Account  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    made = [
        Account.objects.create(name=f"a{n}", code=f"{n:05d}"[-5:], type="LI", currencies=["USD"])
        for n in range(ACCOUNTS)
    ]
    chance = random.Random(1)
    amount = Money(10, "USD")
    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")

    def used() -> float:
        return time.process_time() + int(backend.read_text().split()[0]) / 1e9

    print(0.0, flush=True)
    for line in sys.stdin:
        began = used()
        for _ in range(int(line)):
            one, other = chance.sample(made, 2)
            with transaction.atomic():
                one.transfer_to(other, amount, description="bench")
        print(used() - began, flush=True)


if __name__ == "__main__":
    main()
