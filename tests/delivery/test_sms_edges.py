"""Texts at the edges of what a network carries, over a real message centre: nothing torn or lost, counted right."""

from datetime import datetime

import pytest

from loyalty.delivery import api
from loyalty.delivery.models import Send
from tests.delivery.smsc import Smsc, make_subscribers, queue_text

pytestmark = pytest.mark.django_db

FAMILY = "👩‍👩‍👧"


def arrived(smsc: Smsc, now: datetime, body: str) -> tuple[str, int]:
    """Send a text; give what the telephone shows and of how many segments it was."""
    make_subscribers(["+9613000001"], now)
    queue_text(now, body, purpose="service")
    assert api.send_due(channel="sms", now=now).sent == 1
    (text,) = smsc.texts()
    assert Send.objects.get().references.count() == text["segments"]
    return text["text"], text["segments"]


@pytest.mark.parametrize("before", range(64, 70))
def test_text__pair_of_surrogates_at_the_cut__arrives_whole(smsc: Smsc, now: datetime, before: int) -> None:
    body = "x" * before + "😀" * 33
    # A joined segment has 67 units; where the last one would be half a pair it stays empty.
    first = 66 if before < 67 and before % 2 == 0 else 67
    segments = 2 if before + 2 * 33 <= first + 67 else 3
    assert arrived(smsc, now, body) == (body, segments)


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("é" * 160, 1),
        ("é" * 161, 2),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" * 10, 2),
        ("a" * 151 + "[]{}\\~^|€" * 2, 2),
        ("مرحبا " * 11 + "مر", 1),
        ("مرحبا " * 12, 2),
        (FAMILY * 8, 1),
        (FAMILY * 9, 2),
        ("¡¿ÄÖÑÜ§äöñüàΔΦΓΛΩΠΨΣΘΞ@£$¥", 1),
        ("line\nnext line", 1),
    ],
)
def test_text__of_any_alphabet__arrives_as_written_in_as_many_segments_as_it_costs(
    smsc: Smsc, now: datetime, body: str, segments: int
) -> None:
    body = body.strip()
    assert arrived(smsc, now, body) == (body, segments)
