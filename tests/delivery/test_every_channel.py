"""Each way of each registered channel, its peer told to fail in every manner: sent once, unknown, failed, tried again.

The ways are read from the registries, so one that is new and has no peer here fails.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from pytest_django.fixtures import Settings

from loyalty.delivery import api
from loyalty.delivery.kinds import http
from loyalty.delivery.kinds import registry as channels
from loyalty.delivery.models import Send
from tests.delivery import stages
from tests.delivery.peers import make_authority
from tests.delivery.stages import HOWS, Stage, list_ways

# A database does not answer nonsense, and does not hang up in the middle of an answer other than it hangs up.
IMPOSSIBLE = {("in_app", "garbage"), ("in_app", "breaks off")}
LATER = timedelta(minutes=20)
CASES = [
    # A transaction of the test around it would be broken by a database that fails.
    pytest.param(way, how, marks=pytest.mark.django_db(transaction=way == "in_app"), id=f"{way} {how}")
    for way in list_ways()
    for how in HOWS
    if (way, how) not in IMPOSSIBLE
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """An authority, and a certificate of it."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def stage(
    way: str,
    now: datetime,
    tmp_path: Path,
    files: tuple[Path, Path, Path],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    """The way, set up with its peer, which works."""
    settings.PUBLIC_URL = "https://loyalty.test"
    settings.LOYALTY_EGRESS_CA_FILE = str(files[0])
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    match way:
        case "email smtp":
            running = stages.over_smtp(tmp_path, settings)
        case "sms smpp":
            running = stages.over_smpp(tmp_path, settings)
        case "in_app":
            running = stages.in_our_own_table()
        case _:
            running = stages.over_http(way, now, files)
    with running as found:
        yield found


def send(stage: Stage, now: datetime) -> None:
    """Have a worker send what is due, and look after what a lost one left."""
    try:
        api.send_due(channel=stage.channel, now=now)
    except DatabaseError:
        # The inbox's peer is the database: the worker is lost with its window.
        assert stage.channel == "in_app"
        connection.close()
    api.give_up_unknown(now=now)


def outcome() -> tuple[str, str]:
    """Give state and reason of the one send."""
    row = Send.objects.get()
    return row.state, row.reason


@pytest.mark.parametrize(("way", "how"), CASES)
def test_way__peer_misbehaves__never_doubled_and_the_row_says_what_is_known(
    stage: Stage, way: str, how: str, now: datetime
) -> None:
    stages.queue(stage.channel, now)
    stage.behave(how)
    send(stage, now)
    stage.behave("")
    first, taken_first = outcome(), stage.taken()
    send(stage, now + LATER)
    send(stage, now + 2 * LATER)
    last, taken = outcome(), stage.taken()
    went = "DELIVERED" if channels.get(stage.channel).code in ("webhook", "in_app") else "SENT"
    assert len(set(taken)) <= 1 or not stage.is_repeatable, "under one name"
    assert stage.is_repeatable or len(taken) <= 1, "handed over once"
    match how:
        case "refuses":
            assert first == last
            assert (last[0], bool(last[1]), taken) == ("FAILED", True, [])
        case "is busy":
            assert (first[0], taken_first) == ("SENDING" if way == "in_app" else "QUEUED", [])
            assert (last, len(taken)) == ((went, ""), 1)
        case "is slow":
            assert (first, last, len(taken)) == ((went, ""), (went, ""), 1)
        case _ if stage.is_repeatable:
            assert first[0] == ("SENDING" if way == "in_app" else "QUEUED")
            assert (last, len(set(taken))) == ((went, ""), 1)
        case _:
            assert (first, len(taken_first)) == (("UNKNOWN", f"{stage.channel}.outcome_unknown"), 1)
            assert (last, taken) == (first, taken_first), "never by itself again"


@pytest.mark.django_db
def test_ways__read_from_the_registries__are_those_that_the_documents_promise() -> None:
    assert set(list_ways()) >= {
        *("email smtp", "email ses", "email sendgrid", "email mailgun", "email postmark"),
        *("sms smpp", "sms twilio", "sms sns", "push fcm", "push apns", "webhook", "in_app", "whatsapp"),
    }
    assert {way.partition(" ")[0] for way in list_ways()} == set(channels._Registry.channels)
