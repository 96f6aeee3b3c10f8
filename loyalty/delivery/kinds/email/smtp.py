"""Django's SMTP connection, taught to say how far a conversation had come when it broke."""

import smtplib
import socket
from collections.abc import Mapping
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from loyalty.foundation.resilience import egress

SEND_THE_BODY = 354
CONNECT_SECONDS = 10.0


class _TellsPhase:
    """Remembers whether a body is on its way: from the server's "go ahead" until its final answer.

    Before the go-ahead nothing can have been accepted, after the final answer the outcome is known; between the two
    a broken line leaves it open (RFC 5321, 4.1.1.4 and 6.1).
    """

    is_body_under_way = False

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer."""
        code, text = super().getreply()  # type: ignore[misc]
        self.is_body_under_way = code == SEND_THE_BODY
        return code, text


def _connect(host: str, port: int, timeout: object) -> socket.socket:
    """Connect to the server at the address that was checked."""
    return egress.open_socket(
        host, port, "email", timeout_s=float(timeout) if isinstance(timeout, int | float) else CONNECT_SECONDS
    )


class PlainSmtp(_TellsPhase, smtplib.SMTP):
    """SMTP, with or without STARTTLS."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _connect(host, port, timeout)


class TlsSmtp(_TellsPhase, smtplib.SMTP_SSL):
    """SMTP inside of TLS."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(_connect(host, port, timeout), server_hostname=host)


class Backend(EmailBackend):
    """Django's own backend over the two classes above."""

    connection: Any

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
