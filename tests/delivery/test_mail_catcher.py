"""The mail catcher as a process of its own: it keeps, refuses on a signal and on a file, and ends when told."""

import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loyalty.delivery.kinds.email.catcher import kept_mails
from loyalty.delivery.kinds.email.smtp import PlainSmtp
from tests.delivery.post import post_office

MAIL = "From: a@mail.test\r\nTo: b@mail.test\r\nSubject: Hello\r\n\r\nBody\r\n"


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run the command on a free port."""
    command = [sys.executable, "-m", "django", "run_mail_catcher", "--maildir", str(tmp_path / "mail"), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--fail-file", str(tmp_path / "fail")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield process, int(line.split(" and ")[0].rpartition(":")[2])
    process.kill()
    process.wait(timeout=10)
    process.stdout.close()


def hand_over(port: int) -> None:
    """Hand one mail over."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.sendmail("a@mail.test", ["b@mail.test"], MAIL)


def refuses(port: int) -> bool:
    """Tell whether the server refuses."""
    try:
        hand_over(port)
    except (smtplib.SMTPException, OSError):
        return True
    return False


def until(is_so: Callable[[], bool]) -> None:
    """Look again until it is so."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline


def test_mail_catcher__mail__is_kept_in_the_maildir(
    catcher: tuple["subprocess.Popen[str]", int], tmp_path: Path
) -> None:
    hand_over(catcher[1])
    (mail,) = kept_mails(tmp_path / "mail")
    assert (mail["Subject"], mail["X-RcptTo"]) == ("Hello", "b@mail.test")
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


def test_mail_catcher__fail_file_and_signal__refuse_and_work_again(
    catcher: tuple["subprocess.Popen[str]", int], tmp_path: Path
) -> None:
    process, port = catcher
    (tmp_path / "fail").write_text("")
    assert refuses(port)
    (tmp_path / "fail").unlink()
    assert not refuses(port)
    process.send_signal(signal.SIGUSR1)
    until(lambda: refuses(port))
    process.send_signal(signal.SIGUSR1)
    until(lambda: not refuses(port))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0


def test_server__offers_pipelining__and_a_message_needs_two_writes(tmp_path: Path) -> None:
    with post_office(tmp_path) as post:
        line = PlainSmtp("127.0.0.1", post.port)
        with line:
            sent: list[bytes] = []
            plain = line.send

            def counted(data: bytes | str) -> None:
                sent.append(data if isinstance(data, bytes) else data.encode())
                plain(data)

            line.ehlo()
            line.send = counted  # type: ignore[method-assign, assignment]
            assert line.sendmail("a@x.test", ["b@x.test"], b"Subject: dots\r\n\r\n.one\r\n..two\r\n") == {}
            assert [data.splitlines()[-1] for data in sent] == [b"DATA", b"."]
            post.fail("RCPT 550 no such user")
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                line.sendmail("a@x.test", ["b@x.test"], b"Subject: nobody\r\n\r\nx")
            post.work()
            # The line is as good as before.
            assert line.sendmail("a@x.test", ["c@x.test"], b"Subject: third\r\n\r\nx") == {}
        assert [mail["Subject"] for mail in post.mails()] == ["dots", "third"]
        assert post.mails()[0].get_content().splitlines() == [".one", "..two"]
