"""A mail server that keeps what it is given in a Maildir, for the demo and for tests, and refuses on demand."""

import asyncio
import itertools
import logging
import os
import socket
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

IDENT = "khaywe mail catcher"


class Refusals:
    """How the server is to fail, read from a file before each step; without the file it works.

    The file's text is ``STEP CODE WORDS``, for example ``EHLO 421 closed``, ``RCPT 550 no such user``,
    ``BODY 451 try later``; an empty file means ``EHLO 421``. With the body in hand ``DROP`` hangs up without an answer,
    ``HALF`` in the middle of one, ``SILENT`` never answers, ``GARBAGE`` answers what is none, and ``SLOW 2`` keeps the
    mail and answers after two seconds.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.is_closed = False

    def answer(self, step: str) -> str | None:
        """Give the refusal of a step, or None."""
        if self.is_closed:
            return "421 closed by a signal" if step == "EHLO" else None
        if self.path is None:
            return None
        try:
            text = self.path.read_text(encoding="utf-8").strip() or "EHLO 421 closed"
        except FileNotFoundError:
            return None
        wanted, _, words = text.partition(" ")
        return (words or "451 refused on demand") if wanted == step else None

    def word(self) -> tuple[str, str]:
        """Give the first word of the file and what stands behind it; empty ones without a file."""
        try:
            text = self.path.read_text(encoding="utf-8").strip() if self.path is not None else ""
        except FileNotFoundError:
            text = ""
        word, _, rest = text.partition(" ")
        return word, rest

    def toggle(self) -> None:
        """Close, or open again."""
        self.is_closed = not self.is_closed


class MaildirKeeper:
    """The handler of the server: answers each step and writes mails into ``new/``."""

    def __init__(self, maildir: Path, refusals: Refusals) -> None:
        self.maildir = maildir
        self.refusals = refusals
        self._count = itertools.count()
        self._host = socket.gethostname().replace("/", "_")
        for name in ("tmp", "new", "cur"):
            (maildir / name).mkdir(parents=True, exist_ok=True)

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Greet, or close the door."""
        session.host_name = hostname
        refusal = self.refusals.answer("EHLO")
        # Commands are read line by line, so a client need not wait for each answer (RFC 2920).
        return [refusal] if refusal else [*responses[:-1], "250-PIPELINING", *responses[-1:]]

    async def handle_HELO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str
    ) -> str:
        """Greet an old client, or one that was refused at EHLO, in the same way."""
        session.host_name = hostname
        return self.refusals.answer("EHLO") or f"250 {server.hostname}"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        refusal = self.refusals.answer("RCPT")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the body."""
        refusal = self.refusals.answer("BODY")
        if refusal:
            return refusal
        match self.refusals.word():
            case (("DROP" | "HALF" | "GARBAGE" | "SILENT") as word, _):
                return await self._leave_open(word, server)
            case ("SLOW", seconds):
                await asyncio.sleep(float(seconds or 1))
        self._keep(envelope)
        return "250 kept"

    @staticmethod
    async def _leave_open(word: str, server: SMTP) -> str:
        """Leave the other side without a word by which it could tell whether the mail was taken."""
        line = server.transport
        if word == "SILENT":
            # Until the other side hangs up, which ends this conversation.
            await asyncio.Event().wait()
        if isinstance(line, asyncio.WriteTransport) and word == "DROP":
            line.abort()
        elif isinstance(line, asyncio.WriteTransport):
            line.write(b"25" if word == "HALF" else b"\x00\x01 no answer at all\r\n")
            line.close()
        return "451 never heard"

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        name = f"{time.time_ns()}.{os.getpid()}_{next(self._count)}.{self._host}"
        # Written under tmp/ and renamed, so that a reader of new/ never sees half a mail (the Maildir rule).
        draft = self.maildir / "tmp" / name
        draft.write_bytes(head + body)
        draft.rename(self.maildir / "new" / name)


async def serve(keeper: MaildirKeeper, host: str, port: int) -> asyncio.Server:
    """Listen; port 0 takes a free one."""
    # The library tells every command at INFO, with addresses.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(keeper, ident=IDENT, enable_SMTPUTF8=True), host=host, port=port
    )


def kept_mails(maildir: Path) -> Iterator[EmailMessage]:
    """Give every mail of a Maildir, oldest first."""
    for path in sorted((maildir / "new").glob("*")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if isinstance(mail, EmailMessage):
            yield mail
