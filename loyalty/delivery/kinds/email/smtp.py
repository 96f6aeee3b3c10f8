"""Django's SMTP connection, taught to say how far a conversation had come when it broke."""

import re
import smtplib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from loyalty.foundation.resilience import egress

SEND_THE_BODY = 354
TAKEN, WILL_FORWARD = 250, 251
CLOSING = 421
# RFC 5321, 4.2.1: 4yz and 5yz say no.
REFUSALS = range(400, 600)
# A line that begins with a period gets a second one, so that none is taken for the end (RFC 5321, 4.5.2).
LINE_BEGINS = re.compile(rb"^\.", re.MULTILINE)
CONNECT_SECONDS = 10.0
# RFC 5322, 3.4.1, without quoted names and comments; those are left to the library.
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9.-]+")


@lru_cache(maxsize=256)
def _quoted(address: str) -> str:
    """Give an address for the envelope; the sender is the same in every message."""
    return smtplib.quoteaddr(address)


@dataclass(frozen=True, slots=True)
class Written:
    """A whole mail as bytes, to one recipient."""

    recipient: str
    body: bytes


class _Pipelined:
    """Sends a message's envelope and the wish to send its body in one write where the server allows it (RFC 2920), and
    with them the body of the message before.

    Each body leaves only after the server's go-ahead was read, as ever, so what is known of a broken line is the same.
    """

    # Whether the envelope of the message that comes next has left already.
    is_ahead = False

    def sendmail(
        self,
        from_addr: str,
        to_addrs: str | Sequence[str],
        msg: bytes | str,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> dict[str, tuple[int, bytes]]:
        """Send one message."""
        line: Any = self
        line.ehlo_or_helo_if_needed()
        to = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        is_plain = from_addr.isascii() and all(one.isascii() for one in to) and not rcpt_options
        if not (line.has_extn("pipelining") and is_plain and len(to) == 1 and not isinstance(msg, str)):
            refused: dict[str, tuple[int, bytes]] = super().sendmail(  # type: ignore[misc]
                from_addr, to, msg, mail_options, rcpt_options
            )
            return refused
        self._converse(line, from_addr, Written(to[0], bytes(msg)), None, mail_options)
        return {}

    def send_written(self, sender: str, mail: Written, following: Written | None = None) -> None:
        """Send one message, and with its body the envelope of the one that comes next; the caller sends that then.

        :raises SMTPException, OSError: it was refused, or the line broke; of the one that comes next nothing but its
            envelope has left.
        """
        line: Any = self
        line.ehlo_or_helo_if_needed()
        if line.has_extn("pipelining") and sender.isascii():
            self._converse(line, sender, mail, following, ())
        else:
            super().sendmail(sender, [mail.recipient], mail.body)  # type: ignore[misc]

    def send_beyond_ascii(self, sender: str, mail: Written) -> None:
        """Send one message to an address whose name is beyond ASCII (RFC 6531).

        :raises SMTPNotSupportedError: the server takes none; nothing was sent.
        :raises SMTPException, OSError: it was refused, or the line broke.
        """
        line: Any = self
        line.ehlo_or_helo_if_needed()
        if not line.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError("The mail server takes no address whose name is beyond ASCII.")
        super().sendmail(sender, [mail.recipient], mail.body, ["SMTPUTF8"])  # type: ignore[misc]

    @staticmethod
    def _envelope(line: Any, sender: str, mail: Written, options: Sequence[str]) -> bytes:
        size = (f"size={len(mail.body)}",) if line.has_extn("size") else ()
        told = "".join(f" {one}" for one in (*size, *options))
        to = f"<{mail.recipient}>" if PLAIN_ADDRESS.fullmatch(mail.recipient) else smtplib.quoteaddr(mail.recipient)
        return f"MAIL FROM:{_quoted(sender)}{told}\r\nRCPT TO:{to}\r\nDATA\r\n".encode("ascii")

    def _converse(
        self, line: Any, sender: str, mail: Written, following: Written | None, options: Sequence[str]
    ) -> None:
        if not self.is_ahead:
            line.send(self._envelope(line, sender, mail, options))
        self.is_ahead = False
        code, said, refusal = self._asked(line, sender, mail.recipient)
        if code == SEND_THE_BODY:
            ahead = b"" if refusal or following is None else self._envelope(line, sender, following, ())
            # Where nobody is left the server would take a body for nobody: an empty one ends it (RFC 2920, 3.1).
            body = b"" if refusal else LINE_BEGINS.sub(b"..", mail.body).removesuffix(b"\r\n") + b"\r\n"
            line.send(body + b".\r\n" + ahead)
            self.is_ahead = bool(ahead)
            code, said = line.getreply()
            if code == TAKEN and refusal is None:
                return
        if code == CLOSING:
            line.close()
        elif line.is_body_under_way or not self.is_ahead:
            line._rset()
        # Else the server began anew by itself after the body that it refused (RFC 5321, 4.1.1.4), and what it answers
        # next is to the envelope that left with it.
        raise refusal or smtplib.SMTPDataError(code, said)

    def _asked(self, line: Any, sender: str, recipient: str) -> tuple[int, bytes, Exception | None]:
        """Read what the server answers to an envelope; give the last answer, and the first refusal."""
        refusal: Exception | None = None
        code, said = line.getreply()
        if code != TAKEN:
            refusal = smtplib.SMTPSenderRefused(code, said, sender)
        if code != CLOSING:
            code, said = self._next(line, refusal)
            if code not in (TAKEN, WILL_FORWARD):
                refusal = refusal or smtplib.SMTPRecipientsRefused({recipient: (code, said)})
        if code != CLOSING:
            code, said = self._next(line, refusal)
        return code, said, refusal

    def close(self) -> None:
        """Hang up; what was ahead on this line is not."""
        self.is_ahead = False
        super().close()  # type: ignore[misc]

    @staticmethod
    def _next(line: Any, refusal: Exception | None) -> tuple[int, bytes]:
        """Read the next answer; a server that hung up after a refusal has said what there was to say."""
        try:
            answer: tuple[int, bytes] = line.getreply()
        except smtplib.SMTPServerDisconnected:
            if refusal is None:
                raise
            return CLOSING, b""
        return answer


class _TellsPhase:
    """Remembers whether a body is on its way: from the server's "go ahead" until its final answer.

    Before the go-ahead nothing can have been accepted, after the final answer the outcome is known; between the two
    a broken line leaves it open (RFC 5321, 4.1.1.4 and 6.1), and so does an answer that is neither yes nor no.
    """

    is_body_under_way = False

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer."""
        code, text = super().getreply()  # type: ignore[misc]
        is_final = code == TAKEN or code in REFUSALS
        self.is_body_under_way = code == SEND_THE_BODY or (self.is_body_under_way and not is_final)
        return code, text

    def _rset(self) -> None:
        """Begin anew on the line; where the answer to a body made no sense the next would be taken for it."""
        if self.is_body_under_way:
            self.close()  # type: ignore[attr-defined]
        else:
            super()._rset()  # type: ignore[misc]


def _connect(host: str, port: int, timeout: object) -> socket.socket:
    """Connect to the server at the address that was checked."""
    return egress.open_socket(
        host, port, "email", timeout_s=float(timeout) if isinstance(timeout, int | float) else CONNECT_SECONDS
    )


class PlainSmtp(_TellsPhase, _Pipelined, smtplib.SMTP):  # type: ignore[misc]
    """SMTP, with or without STARTTLS."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _connect(host, port, timeout)


class TlsSmtp(_TellsPhase, _Pipelined, smtplib.SMTP_SSL):  # type: ignore[misc]
    """SMTP inside of TLS."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(_connect(host, port, timeout), server_hostname=host)


class Backend(EmailBackend):
    """Django's own backend over the two classes above."""

    connection: Any

    @cached_property
    def ssl_context(self) -> Any:
        """Give what checks the server's certificate: as for every call that leaves the house."""
        return egress.tls_context(egress.current_policy())

    @property
    def connection_class(self) -> Any:
        """Give the class of the connection."""
        return TlsSmtp if self.use_ssl else PlainSmtp

    @property
    def is_outcome_open(self) -> bool:
        """Tell whether the line broke where nobody can say if the message was taken."""
        return bool(getattr(self.connection, "is_body_under_way", False))


def backend_of(values: Mapping[str, Any]) -> Backend:
    """Give a connection to the mail server, not opened yet."""
    return Backend(
        host=values["host"],
        port=values["port"],
        username=values["username"],
        password=values["password"],
        use_tls=values["security"] == "starttls",
        use_ssl=values["security"] == "tls",
        timeout=values["timeout_s"],
    )
