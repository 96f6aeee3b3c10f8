"""No secret in a log line: those that are known, and what looks like one."""

import logging
from collections import OrderedDict

import pytest

from loyalty.foundation.kernel import redaction
from loyalty.foundation.kernel.redaction import BLOT, RedactingFormatter, redact, remember_secret


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests of this process saved as secrets, such as the word itself, is not known here."""
    monkeypatch.setattr(redaction._Known, "secrets", OrderedDict())
    monkeypatch.setattr(redaction._Known, "pattern", None)


def test_known_secret__anywhere_in_a_line_or_a_traceback__blotted_out() -> None:
    remember_secret("s3cr3t'of the\\house")
    formatter = RedactingFormatter("%(message)s")
    try:
        raise ValueError("s3cr3t'of the\\house")
    except ValueError as fault:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, "said %r and %s", ("s3cr3t'of the\\house", "s3cr3t'of the\\house"),
            (type(fault), fault, fault.__traceback__),
        )  # fmt: skip
    line = formatter.format(record)
    assert "s3cr3t" not in line
    assert line.count(BLOT) == 4


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("password=swordfish99", "swordfish99"),
        ("{'password': 'swordfish99', 'a': 1}", "swordfish99"),
        ('{"api_key": "swordfish99"}', "swordfish99"),
        ("Authorization: Bearer abcdefgh12345", "abcdefgh12345"),
        ("token Bearer abcdefgh12345 sent", "abcdefgh12345"),
        ("postgresql://user:swordfish99@host:5432/x", "swordfish99"),
        ("-----BEGIN RSA PRIVATE KEY-----\nswordfish99\n-----END RSA PRIVATE KEY-----", "swordfish99"),
        ("DWH_PASSWORD = swordfish99", "swordfish99"),
        ("client_secret=swordfish99&x=1", "swordfish99"),
    ],
)
def test_looks_secret__blotted_out(line: str, secret: str) -> None:
    assert secret not in redact(line)


@pytest.mark.parametrize("line", ["segment 7 has 1,000 members", "https://example.com/a:b@c", "breaker xiva: open"])
def test_ordinary_line__stays(line: str) -> None:
    assert redact(line) == line


def test_short_word__not_taken_for_a_secret() -> None:
    remember_secret("on")
    assert redact("one of two") == "one of two"
