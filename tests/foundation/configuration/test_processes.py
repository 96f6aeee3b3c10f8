"""Other processes: a change counts in them at once, without a restart; a new master key is taken under load."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from loyalty.foundation.configuration import api
from loyalty.foundation.configuration.kinds import registry
from loyalty.foundation.configuration.kinds.sealing import SECRETS, seal_text, unseal_text
from loyalty.foundation.configuration.models import SealedSecret
from loyalty.foundation.configuration.policy import envelope
from loyalty.foundation.kernel.actor import Actor

READER = """
import sys
import django
django.setup()
from loyalty.foundation.configuration import api
for line in sys.stdin:
    print(" ".join(api.read("egress")["hosts"]), flush=True)
"""


@pytest.fixture
def reader() -> Iterator["subprocess.Popen[str]"]:
    """Another process that reads a section each time it is asked, over a connection that it keeps."""
    held = django_settings.DATABASES["default"]
    address = (
        f"postgres://{held['USER']}:{held['PASSWORD']}@{held['HOST']}:{held['PORT']}/{connection.settings_dict['NAME']}"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test"},
    )
    yield process
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


@pytest.mark.django_db(transaction=True)
def test_change__in_one_process__counts_at_once_in_the_other(
    reader: "subprocess.Popen[str]", actor: Actor, now: datetime
) -> None:
    def ask() -> str:
        assert reader.stdin is not None and reader.stdout is not None
        reader.stdin.write("\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    assert ask() == "*"
    for hosts in (["a.example"], ["b.example", "*.c.example"], ["d.example"]):
        api.save(code="egress", values={"hosts": hosts}, actor=actor, now=now)
        assert ask() == " ".join(hosts)
    api.save(code="egress", values={"hosts": None}, actor=actor, now=now)
    assert ask() == "*"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_rotation__while_secrets_are_read_and_written__no_error_and_only_the_new_key_is_left(
    settings: Any, now: datetime
) -> None:
    old, new = django_settings.LOYALTY_SECRETS_KEY, os.urandom(32).hex()
    rows = []
    for number in range(450):
        row = SealedSecret(code=f"s{number}", field="password", changed_at=now)
        row.sealed = seal_text(f"secret-number-{number}", associated=f"{SECRETS.associated}:{row.id}")
        rows.append(row)
    SealedSecret.objects.bulk_create(rows)
    # From here on both keys are known, and the new one seals.
    settings.LOYALTY_SECRETS_KEY, settings.LOYALTY_SECRETS_KEYS_OLD = new, [old]
    registry.forget_keys()
    faults: list[Exception] = []
    reads, ended = [0], threading.Event()

    def use() -> None:
        try:
            while not ended.is_set():
                for row in SealedSecret.objects.order_by("code")[:50]:
                    unseal_text(row.sealed, associated=f"{SECRETS.associated}:{row.id}")
                    reads[0] += 1
                changed = SealedSecret.objects.get(code="s0")
                changed.sealed = seal_text("entered-meanwhile", associated=f"{SECRETS.associated}:{changed.id}")
                changed.save()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    users = [threading.Thread(target=use) for _ in range(3)]
    for one in users:
        one.start()
    outcomes = [api.rotate() for _ in range(3)]
    ended.set()
    for one in users:
        one.join(60)
    assert faults == []
    assert reads[0] > 0
    assert sum(one.rewrapped for one in outcomes) >= 449
    assert [one.unreadable for one in outcomes] == [[], [], []]
    settings.LOYALTY_SECRETS_KEYS_OLD = []
    registry.forget_keys()
    names = {envelope.take_apart(bytes(row.sealed)).key_name for row in SealedSecret.objects.all()}
    assert names == {envelope.LocalKey(new).name}
    last = SealedSecret.objects.get(code="s449")
    assert unseal_text(last.sealed, associated=f"{SECRETS.associated}:{last.id}") == "secret-number-449"
    registry.forget_keys()


@pytest.mark.django_db
def test_rotation__secret_of_a_lost_key__named_and_the_others_done(settings: Any, now: datetime) -> None:
    settings.LOYALTY_SECRETS_KEY = os.urandom(32).hex()
    registry.forget_keys()
    lost = SealedSecret(code="lost", field="password", changed_at=now)
    lost.sealed = seal_text("lost-secret", associated=f"{SECRETS.associated}:{lost.id}")
    lost.save()
    settings.LOYALTY_SECRETS_KEY = os.urandom(32).hex()
    registry.forget_keys()
    outcome = api.rotate()
    assert (outcome.rewrapped, outcome.unreadable) == (0, [f"configuration:{lost.id}"])
    registry.forget_keys()
